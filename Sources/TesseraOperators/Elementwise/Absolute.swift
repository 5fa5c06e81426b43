import TesseraCore

/// |x|; of the smallest integer that has no positive counterpart, itself.
public struct Absolute: DifferentiableUnary, Equatable {
    public static let name = "absolute"
    public static let summary = "Absolute value"
    public static let keys: [Key<Absolute>] = []

    public init() {}

    public static let takesIntegers = true
    public func value(_ x: Double) -> Double { abs(x) }
    public func derivative(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : 0 }
    public func integer<Integer: FixedWidthInteger & TensorElement>(_ x: Integer) -> Integer { x < 0 ? 0 &- x : x }
}
