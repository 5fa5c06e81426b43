import TesseraCore
import TesseraOperators

/// Symmetric integers for a weight, with a scale for each output channel: weight = integer · scale.
public struct WeightQuantizer: Sendable, Equatable {
    /// 2 to 8. The integers are from -(2^(bits - 1) - 1) to its opposite.
    public var bits: Int
    /// Whether scales are those with the smallest squared error, rather than those that saturate nothing: what few bits want.
    public var minimizesError: Bool

    public init(bits: Int, minimizesError: Bool? = nil) {
        (self.bits, self.minimizesError) = (bits, minimizesError ?? (bits < 6))
    }

    /// The largest integer.
    public var limit: Int { 1 << (bits - 1) - 1 }

    /// The bits that each integer takes in a file.
    public var storedBits: Int { bits <= 2 ? 2 : bits <= 4 ? 4 : 8 }

    /// A scale for each output channel, the first axis; 1 for a channel of zeros.
    ///
    /// - Throws: `invalidArgument` for weights that are no finite numbers.
    public func scales(for weight: Tensor) throws -> [Float] {
        guard try weight.withFloats({ $0.allSatisfy(\.isFinite) }) else {
            throw TesseraError(.invalidArgument, "expected finite weights to quantize, found others")
        }
        return try weight.rows().map { row in
            let largest = row.reduce(0) { max($0, $1.magnitude) }
            let scale = max(largest / Float(limit), .leastNormalMagnitude * 1e6)
            guard largest > 0 else { return 1 }
            guard minimizesError else { return scale }
            let candidates = (0...70).map { scale * (1 - 0.01 * Float($0)) }
            let errors = candidates.map { error(row, scale: $0) }
            return candidates[errors.indices.min { errors[$0] < errors[$1] } ?? 0]
        }
    }

    /// The nearest integers, half to even.
    public func integers(for weight: Tensor, scales: [Float]) throws -> Tensor {
        let integers = zip(try weight.rows(), scales).flatMap { row, scale in
            row.map { Int8(clamping: integer($0, scale: scale)) }
        }
        return try Tensor(elements: integers, shape: weight.shape)
    }

    func integer(_ number: Float, scale: Float) -> Int {
        let steps = (number / scale).rounded(.toNearestOrEven)
        return Int(min(max(steps, Float(-limit)), Float(limit)))
    }

    private func error(_ row: [Float], scale: Float) -> Float {
        row.reduce(0) { sum, number in
            let difference = number - Float(integer(number, scale: scale)) * scale
            return sum + difference * difference
        }
    }
}

extension Tensor {
    /// The elements at each place along the first axis.
    func rows() throws -> [[Float]] {
        let numbers = try floats()
        let count = shape[0] > 0 ? numbers.count / shape[0] : 0
        return (0..<shape[0]).map { Array(numbers[$0 * count..<($0 + 1) * count]) }
    }
}
