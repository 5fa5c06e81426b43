import TesseraCluster
import TesseraCompression
import TesseraCore

/// Weights travel as files of compressed weights that have one layer, by codecs and layouts that are built in: those of plugins may not
/// be there, and a function of a script runs where its script does.
public struct CompressedWeightDecoder: WeightDecoder {
    private let codecs = Registry<any WeightCodec>.builtin

    public init() {}

    /// Whether a weight that is compressed so comes back from every decoder to the bit.
    static func decodes(_ layer: CompressedWeightIndex.Layer) -> Bool {
        let codecs = Registry<any WeightCodec>.builtin
        guard !layer.layout.isRegistered, codecs.names.contains(layer.codec) else { return false }
        var options = Configuration.empty
        if let quality = layer.quality { options = .map([("quality", quality.configuration)]) }
        return (try? codecs.make(layer.codec, options).decodesEverywhereAlike) ?? false
    }

    public func tensor(of bytes: [UInt8], shape: Shape, elementType: ElementType) throws -> Tensor {
        let byteCount = Shape.saturatingProduct(shape.elementCount, elementType.byteCount)
        // The index has some numbers for each channel at most, and is unpacked before anything of it is known.
        let limit = min(Shape.saturatingSum(1 << 16, Shape.saturatingProduct(16, byteCount)), 1 << 26)
        let file = try CompressedWeightFile(
            bytes: bytes, named: "a compressed weight", codecs: codecs, threads: 1, indexLimit: limit)
        guard file.index.exact == nil, file.index.layers.count == 1, let layer = file.index.layers.first,
            Shape(layer.shape) == shape, layer.type == elementType
        else {
            throw TesseraError(.protocolViolation, "expected one compressed weight of \(shape) \(elementType)")
        }
        return try file.tensor(layer.name)
    }
}
