import TesseraCore

/// Writes a layer as ONNX nodes.
typealias LayerExporter = @Sendable (LayerExport) throws -> Void

/// How each layer of the catalogue is written.
enum LayerExporters {
    /// The version of ONNX's operators that is written.
    static let opset = 21

    /// Every operator that can be written, by its name. One entry for each family.
    static let all: [String: LayerExporter] = [
        ActivationExport.exporters, ArithmeticExport.exporters, ReductionExport.exporters, SearchExport.exporters,
        ReshapingExport.exporters, SelectionExport.exporters, PaddingExport.exporters, ConstantExport.exporters,
        ResizeExport.exporters, ConvolutionExport.exporters, PoolingExport.exporters, MatrixExport.exporters,
        NormalizationExport.exporters, RecurrentExport.exporters, QuantizationExport.exporters,
    ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }
}
