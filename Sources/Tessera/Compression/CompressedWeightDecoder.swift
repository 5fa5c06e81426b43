import TesseraCluster
import TesseraCompression
import TesseraCore

/// Weights travel as files of compressed weights that have one layer.
struct CompressedWeightDecoder: WeightDecoder {
    var codecs: Registry<any WeightCodec>
    var layouts: Registry<any WeightLayout>

    func tensor(of bytes: [UInt8], shape: Shape, elementType: ElementType) throws -> Tensor {
        let file = try CompressedWeightFile(
            bytes: bytes, named: "a compressed weight", codecs: codecs, layouts: layouts, threads: 1)
        // Nothing is decoded, or takes memory, that is larger than what was announced.
        guard file.index.exact == nil, file.index.layers.count == 1, let layer = file.index.layers.first,
            Shape(layer.shape) == shape, layer.type == elementType
        else {
            throw TesseraError(.protocolViolation, "expected one compressed weight of \(shape) \(elementType)")
        }
        return try file.tensor(layer.name)
    }
}

extension NodeEquipment {
    /// What a node computes with that knows these modules.
    public init(
        _ modules: Modules, options: CompileOptions = CompileOptions(), limits: NodeLimits = NodeLimits(),
        archive: (any WeightArchive)? = nil
    ) throws {
        self.init(
            operators: modules.operators, backend: try modules.backends.make(Modules.defaultBackend),
            options: options, limits: limits, archive: archive,
            decoder: CompressedWeightDecoder(codecs: modules.weightCodecs, layouts: modules.weightLayouts))
    }
}
