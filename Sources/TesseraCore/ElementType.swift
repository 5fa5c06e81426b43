/// The type of a tensor's elements.
public enum ElementType: String, Sendable, CaseIterable, Codable {
    /// IEEE binary64.
    case f64
    /// IEEE binary32.
    case f32
    /// IEEE binary16.
    case f16
    /// The upper half of a binary32.
    case bf16
    case i64, i32, i16, i8
    case u64, u32, u16, u8
    /// One byte, 0 or 1.
    case bool

    /// Bytes that one element takes.
    public var byteCount: Int {
        switch self {
        case .u8, .i8, .bool: 1
        case .f16, .bf16, .i16, .u16: 2
        case .f32, .i32, .u32: 4
        case .f64, .i64, .u64: 8
        }
    }

    public var isFloatingPoint: Bool {
        switch self {
        case .f64, .f32, .f16, .bf16: true
        default: false
        }
    }

    /// True for the integer types, of which `bool` is none.
    public var isInteger: Bool { !isFloatingPoint && self != .bool }
}

extension ElementType: ConfigurationChoice {}

/// A Swift type whose values in memory are the elements of a tensor.
public protocol TensorElement: Sendable {
    static var elementType: ElementType { get }
    /// The nearest value; integers drop the fraction and saturate, NaN becomes 0 there.
    init(rounding value: Double)
    /// The value, exact but for 64-bit integers beyond 2^53.
    var real: Double { get }
    /// The lower bits of `value`.
    init(wrapping value: Int64)
    /// The value without its fraction, saturated; of `u64` the same bits.
    var integer: Int64 { get }
}

extension TensorElement where Self: BinaryFloatingPoint {
    public init(rounding value: Double) { self.init(value) }
    public var real: Double { Double(self) }
    public init(wrapping value: Int64) { self.init(value) }
    public var integer: Int64 { Int64(rounding: Double(self)) }
}

extension TensorElement where Self: FixedWidthInteger {
    public init(rounding value: Double) {
        if value.isNaN {
            self = 0
        } else {
            self = Self(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
        }
    }
    public var real: Double { Double(self) }
    public init(wrapping value: Int64) { self.init(truncatingIfNeeded: value) }
    public var integer: Int64 { Int64(truncatingIfNeeded: self) }
}

extension Double: TensorElement { public static let elementType = ElementType.f64 }
extension Float: TensorElement { public static let elementType = ElementType.f32 }
extension Float16: TensorElement { public static let elementType = ElementType.f16 }
extension Int64: TensorElement { public static let elementType = ElementType.i64 }
extension Int32: TensorElement { public static let elementType = ElementType.i32 }
extension Int16: TensorElement { public static let elementType = ElementType.i16 }
extension Int8: TensorElement { public static let elementType = ElementType.i8 }
extension UInt64: TensorElement { public static let elementType = ElementType.u64 }
extension UInt32: TensorElement { public static let elementType = ElementType.u32 }
extension UInt16: TensorElement { public static let elementType = ElementType.u16 }
extension UInt8: TensorElement { public static let elementType = ElementType.u8 }

/// A truth value as it lies in memory: 0 is false, all else is true.
public struct Truth: TensorElement, Equatable {
    public static let elementType = ElementType.bool
    public var byte: UInt8

    public init(_ value: Bool) { byte = value ? 1 : 0 }
    public init(rounding value: Double) { self.init(value != 0) }
    public init(wrapping value: Int64) { self.init(value != 0) }
    public var isTrue: Bool { byte != 0 }
    public var real: Double { isTrue ? 1 : 0 }
    public var integer: Int64 { isTrue ? 1 : 0 }
}

/// The upper half of a binary32.
public struct BFloat16: TensorElement, Equatable {
    public static let elementType = ElementType.bf16
    public var bits: UInt16

    /// To the nearest value, ties to the even one.
    public init(rounding value: Double) {
        let float = Float(value)
        let pattern = float.bitPattern
        bits =
            float.isNaN
            ? UInt16(pattern >> 16) | 0x40 : UInt16((UInt64(pattern) + 0x7FFF + UInt64(pattern >> 16 & 1)) >> 16)
    }
    public var real: Double { Double(Float(bitPattern: UInt32(bits) << 16)) }
    public init(wrapping value: Int64) { self.init(rounding: Double(value)) }
    public var integer: Int64 { Int64(rounding: real) }
}

extension ElementType {
    /// The Swift type of the elements.
    public var swiftType: any TensorElement.Type {
        switch self {
        case .f64: Double.self
        case .f32: Float.self
        case .f16: Float16.self
        case .bf16: BFloat16.self
        case .i64: Int64.self
        case .i32: Int32.self
        case .i16: Int16.self
        case .i8: Int8.self
        case .u64: UInt64.self
        case .u32: UInt32.self
        case .u16: UInt16.self
        case .u8: UInt8.self
        case .bool: Truth.self
        }
    }
}
