import TesseraCore
import TesseraOperators

/// How numbers are rounded while a network is trained for integers of a few bits, and what of it is learned.
public protocol FakeQuantizer: Sendable {
    /// What rounds an activation.
    ///
    /// - Parameters:
    ///   - bits: of its integers, 2 to 8.
    ///   - isSigned: whether numbers may be negative.
    ///   - count: its elements in one sample.
    func activations(bits: Int, isSigned: Bool, count: Int) -> FakeQuantize
    /// What rounds the weights of a layer.
    func weights(bits: Int) -> any IntegerValuedWeights
}

/// Weights that are derived from others, and are integers times one number.
public protocol IntegerValuedWeights: DerivedWeights {
    /// What is learned beside the weights, to begin with; nil if nothing is.
    func initial(for weights: [Float]) -> Float?
    /// Integers of 8 bits at most, and what to multiply them by.
    func integers(of weights: [Float], learned: Float) -> (integers: [Int8], scale: Float)
}

extension Registry where Product == any FakeQuantizer {
    /// Every way to quantize in training.
    public static var builtin: Registry<any FakeQuantizer> {
        Registry(
            kind: "quantizer of training",
            [
                Module(DoReFa.self, name: DoReFa.name, summary: DoReFa.summary) { $0 },
                Module(LearnedStepSize.self, name: LearnedStepSize.name, summary: LearnedStepSize.summary) { $0 },
                Module(
                    ParameterizedClipping.self, name: ParameterizedClipping.name, summary: ParameterizedClipping.summary
                ) {
                    $0
                },
            ])
    }
}

/// The step that rounding begins with, for numbers of this mean magnitude: 2 · mean |x| / √high (Esser et al., 2020).
package func initialStep(meanMagnitude: Float, range: ClosedRange<Int>) -> Float {
    max(2 * meanMagnitude / Float(max(1, range.upperBound)).squareRoot(), FakeQuantize.smallestStep)
}
