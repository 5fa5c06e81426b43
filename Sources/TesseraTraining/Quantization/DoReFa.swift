import Foundation
import TesseraCore
import TesseraOperators

/// Fixed ranges: Zhou et al., "DoReFa-Net: Training Low Bitwidth Convolutional Neural Networks with Low Bitwidth Gradients", 2016.
/// Activations are clipped to 1, weights become 2 · round(n · (tanh(w) / (2 · max |tanh(w)|) + 1/2)) / n - 1 with n = 2^bits - 1. Nothing is
/// learned, so layers whose weights and inputs are rounded need a normalization after them.
///
/// None of the weights' 2^bits values is 0, and as integers they are the odd ones from -n to n, which take one bit more: weights have 6
/// bits at most. Activations that may be negative are clipped to -(high + 1) / high, as their integers are.
public struct DoReFa: FakeQuantizer, Configurable, Equatable {
    public static let name = "dorefa"
    public static let summary = "activations up to 1, weights by their hyperbolic tangents; nothing is learned"

    public init() {}

    public static let shorthandKey: String? = nil
    public static let keys: [Key<DoReFa>] = []

    public func activations(bits: Int, isSigned: Bool, count: Int) -> FakeQuantize {
        var op = FakeQuantize(bits: bits, isSigned: isSigned, learned: .nothing(step: 1))
        op.learned = .nothing(step: 1 / Double(op.range.upperBound))
        return op
    }

    public func weights(bits: Int) -> any IntegerValuedWeights { TangentWeights(bits: min(bits, 6)) }
}

/// Weights by their hyperbolic tangents, as DoReFa rounds them.
struct TangentWeights: IntegerValuedWeights {
    /// 2^bits - 1.
    let steps: Float

    init(bits: Int) { steps = Float(1 << bits - 1) }

    func initial(for weights: [Float]) -> Float? { nil }

    private func largest(_ weights: UnsafeBufferPointer<Float>) -> Float {
        max(tanh(weights.reduce(0) { max($0, $1.magnitude) }), Float.leastNormalMagnitude)
    }

    /// The odd integer from -steps to steps.
    private func integer(_ weight: Float, largest: Float) -> Float {
        2 * (steps * (tanh(weight) / (2 * largest) + 0.5)).rounded(.toNearestOrEven) - steps
    }

    func derive(
        _ weights: UnsafeBufferPointer<Float>, learned: Float, into result: UnsafeMutableBufferPointer<Float>
    ) {
        let largest = largest(weights)
        for index in weights.indices { result[index] = integer(weights[index], largest: largest) * (1 / steps) }
    }

    /// The largest weight counts as a constant.
    func takeBack(
        _ weights: UnsafeBufferPointer<Float>, learned: Float, gradient: UnsafeMutableBufferPointer<Float>
    ) -> Float {
        let largest = largest(weights)
        for index in weights.indices {
            let tangent = tanh(weights[index])
            gradient[index] *= (1 - tangent * tangent) / largest
        }
        return 0
    }

    func integers(of weights: [Float], learned: Float) -> (integers: [Int8], scale: Float) {
        weights.withUnsafeBufferPointer { weights in
            let largest = largest(weights)
            return (weights.map { Int8(exactly: integer($0, largest: largest)) ?? 0 }, 1 / steps)
        }
    }
}
