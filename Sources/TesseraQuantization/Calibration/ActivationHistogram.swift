import TesseraCore

/// How often numbers of each size occurred in a value, however many were seen: its memory is bounded.
///
/// Bins are as wide as a power of two, so that the order in which numbers come does not matter: whenever a number lies beyond the last bin,
/// bins become twice as wide, and neighbours are merged. Zeros are counted by themselves.
public struct ActivationHistogram: Sendable {
    /// Bins on either side of zero.
    public static let binCount = 2048

    /// That of each bin; 0 as long as there was nothing but zeros.
    public private(set) var width: Float = 0
    /// By magnitude: bin i has numbers of i · width or more, and less than (i + 1) · width.
    public private(set) var positive = [Int](repeating: 0, count: binCount)
    public private(set) var negative = [Int](repeating: 0, count: binCount)
    public private(set) var zeros = 0
    public private(set) var minimum: Float = 0
    public private(set) var maximum: Float = 0

    public init() {}

    /// All numbers that were seen.
    public var count: Int { zeros + positive.reduce(0, +) + negative.reduce(0, +) }

    /// - Throws: `invalidArgument` for numbers that are none, or infinite.
    public mutating func add(_ tensor: Tensor) throws {
        try tensor.withFloats { numbers in
            var (low, high) = (Float(0), Float(0))
            var check = Float(0)
            for number in numbers {
                low = min(low, number)
                high = max(high, number)
                // Anything that is no finite number makes this one that is none.
                check += number * 0
            }
            guard check == 0 else {
                throw TesseraError(.invalidArgument, "expected finite numbers to calibrate with, found others")
            }
            (minimum, maximum) = (min(minimum, low), max(maximum, high))
            widen(to: max(-low, high))
            guard width > 0 else { return zeros += numbers.count }
            count(numbers)
        }
    }

    private mutating func count(_ numbers: UnsafeBufferPointer<Float>) {
        let scale = 1 / width
        var zeros = 0
        positive.withUnsafeMutableBufferPointer { positive in
            negative.withUnsafeMutableBufferPointer { negative in
                for number in numbers {
                    if number > 0 {
                        positive[min(Int(number * scale), Self.binCount - 1)] &+= 1
                    } else if number < 0 {
                        negative[min(Int(-number * scale), Self.binCount - 1)] &+= 1
                    } else {
                        zeros &+= 1
                    }
                }
            }
        }
        self.zeros += zeros
    }

    private mutating func widen(to magnitude: Float) {
        guard magnitude > 0 else { return }
        if width == 0 {
            // The power of two with which the largest lies in the last half of the bins.
            width = Float(sign: .plus, exponent: max(magnitude.exponent - 10, -120), significand: 1)
        }
        while magnitude >= width * Float(Self.binCount) {
            width *= 2
            (positive, negative) = (Self.merged(positive), Self.merged(negative))
        }
    }

    private static func merged(_ bins: [Int]) -> [Int] {
        var result = [Int](repeating: 0, count: binCount)
        for index in 0..<binCount / 2 { result[index] = bins[2 * index] + bins[2 * index + 1] }
        return result
    }

    /// Numbers by magnitude, without zeros.
    public var magnitudes: [Int] { zip(positive, negative).map(+) }

    /// The range that was seen, cut to a magnitude.
    public func range(upTo magnitude: Float) -> ClosedRange<Float> {
        max(minimum, -magnitude)...min(maximum, magnitude)
    }
}
