import TesseraCore
import TesseraOperators

/// Steps between integers that are learned, one for each layer's weights and one for each activation: Esser et al., "Learned Step
/// Size Quantization", 2020. The gradient of a step is divided by √(elements · largest integer), so that steps change as fast as weights do.
public struct LearnedStepSize: FakeQuantizer, Configurable, Equatable {
    public static let name = "lsq"
    public static let summary = "learned step sizes for weights and activations"

    public init() {}

    public static let shorthandKey: String? = nil
    public static let keys: [Key<LearnedStepSize>] = []

    public func activations(bits: Int, isSigned: Bool, count: Int) -> FakeQuantize {
        var op = FakeQuantize(bits: bits, isSigned: isSigned, learned: .step(gradientScale: 1))
        op.learned = .step(gradientScale: Self.gradientScale(count: count, range: op.range))
        return op
    }

    public func weights(bits: Int) -> any IntegerValuedWeights { Weights(bits: bits) }

    private static func gradientScale(count: Int, range: ClosedRange<Int>) -> Double {
        1 / (Double(max(1, count)) * Double(max(1, range.upperBound))).squareRoot()
    }

    private struct Weights: IntegerValuedWeights {
        let range: ClosedRange<Int>

        init(bits: Int) { range = QuantizationScale.range(of: .i8, bits: bits) }

        func initial(for weights: [Float]) -> Float? {
            let sum = weights.reduce(0) { $0 + Double($1.magnitude) }
            return initialStep(meanMagnitude: Float(sum / Double(max(1, weights.count))), range: range)
        }

        private func rounding(_ step: Float) -> StepRounding {
            StepRounding(step: max(step, FakeQuantize.smallestStep), range: range)
        }

        func derive(
            _ weights: UnsafeBufferPointer<Float>, learned: Float, into result: UnsafeMutableBufferPointer<Float>
        ) {
            rounding(learned).round(weights, into: result)
        }

        func takeBack(
            _ weights: UnsafeBufferPointer<Float>, learned: Float, gradient: UnsafeMutableBufferPointer<Float>
        ) -> Float {
            let sums = rounding(learned).takeBack(weights, gradient: gradient)
            return Float(
                LearnedStepSize.gradientScale(count: weights.count, range: range) * (sums.inside + sums.outside))
        }

        func integers(of weights: [Float], learned: Float) -> (integers: [Int8], scale: Float) {
            let rounding = rounding(learned)
            return (weights.map { Int8(rounding.integer($0)) }, rounding.step)
        }
    }
}
