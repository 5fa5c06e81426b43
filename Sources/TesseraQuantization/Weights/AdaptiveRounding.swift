import TesseraCore
import TesseraOperators

extension NetworkQuantizer {
    /// The integers of a layer, each rounded up or down so that its outputs change least; nil for one whose inputs were not kept.
    func rounded(
        _ layer: QuantizableNetwork.Layer, _ quantizer: WeightQuantizer, _ scales: [Float],
        reads scale: QuantizationScale?
    ) throws -> Tensor? { nil }
}
