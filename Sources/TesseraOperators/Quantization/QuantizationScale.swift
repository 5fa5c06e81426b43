import TesseraCore

/// How integers stand for numbers, the same for a whole tensor: number = (integer - zero point) · scale. The integer of a number
/// is number / scale, rounded to the nearest, half to even, plus the zero point, and saturated to `range`.
///
/// Whatever quantizes, or computes as if it did, does it by this definition.
public struct QuantizationScale: Sendable, Hashable {
    public var scale: Float
    public var zeroPoint: Int
    /// u8 or i8, or another type of integers.
    public var type: ElementType
    /// Of which the integers make use, at most those of the type; 0 for all.
    public var bits: Int

    public init(scale: Float, zeroPoint: Int = 0, type: ElementType = .u8, bits: Int = 0) {
        (self.scale, self.zeroPoint, self.type, self.bits) = (scale, zeroPoint, type, bits)
    }

    /// The smallest and the largest integer.
    public var range: ClosedRange<Int> { Self.range(of: type, bits: bits) }

    /// The integers of so many bits.
    public static func range(of type: ElementType, bits: Int) -> ClosedRange<Int> {
        let width = bits > 0 ? min(bits, 8 * type.byteCount) : 8 * type.byteCount
        return type.rawValue.hasPrefix("u") ? 0...(1 << width - 1) : -(1 << (width - 1))...(1 << (width - 1) - 1)
    }

    /// The numbers that the smallest and the largest integer stand for.
    public var numbers: ClosedRange<Float> {
        Float(range.lowerBound - zeroPoint) * scale...Float(range.upperBound - zeroPoint) * scale
    }

    /// The integer of a number.
    public func integer(of number: Float) -> Int {
        let steps = (number / scale).rounded(.toNearestOrEven)
        guard !steps.isNaN else { return min(max(zeroPoint, range.lowerBound), range.upperBound) }
        // Far beyond the range of any type that there is.
        let limited = min(max(steps, -1e6), 1e6)
        return min(max(Int(limited) + zeroPoint, range.lowerBound), range.upperBound)
    }

    /// The number that an integer stands for.
    public func number(of integer: Int) -> Float { Float(integer - zeroPoint) * scale }

    /// The numbers as they come back from their integers.
    public func rounded(_ number: Float) -> Float { self.number(of: integer(of: number)) }

    /// The scale for numbers of a range, which 0 is always among, as one of u8 whose zero point is 0 if none is negative.
    ///
    /// - Parameter bits: of the integers, 2 to 8.
    public static func covering(_ numbers: ClosedRange<Float>, bits: Int = 8) -> QuantizationScale {
        let (low, high) = (min(0, numbers.lowerBound), max(0, numbers.upperBound))
        let steps = Float(1 << bits - 1)
        let scale = max((high - low) / steps, .leastNormalMagnitude)
        let zeroPoint = Int((-low / scale).rounded(.toNearestOrEven))
        return QuantizationScale(
            scale: scale, zeroPoint: min(max(zeroPoint, 0), 1 << bits - 1), type: .u8, bits: bits == 8 ? 0 : bits)
    }
}
