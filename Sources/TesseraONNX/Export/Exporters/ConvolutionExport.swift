import TesseraCore

/// Convolutions.
enum ConvolutionExport {
    static let exporters: [String: LayerExporter] = ["conv": conv, "conv_transpose": convTranspose]

    private static func conv(_ layer: LayerExport) throws {
        var window = try WindowAttributes(layer)
        window.attributes["group"] = .int(try layer.keys.int("groups"))
        let weight = try layer.integerWeight() ?? layer.parameter("weight")
        let rank = try layer.rank()
        try layer.emitProduct("Conv", [window.input, weight], window.attributes) { channels in
            Shape([1, channels] + [Int](repeating: 1, count: rank - 2))
        }
    }

    private static func convTranspose(_ layer: LayerExport) throws {
        var window = try WindowAttributes(layer, canCrop: false)
        let rank = try layer.rank() - 2
        window.attributes["group"] = .int(try layer.keys.int("groups"))
        if let padding = try layer.keys.perAxis("output_padding", rank: rank), padding.contains(where: { $0 != 0 }) {
            window.attributes["output_padding"] = .ints(padding)
        }
        if let sizes = try layer.keys.optionalInts("output_size") { window.attributes["output_shape"] = .ints(sizes) }
        layer.emit(
            "ConvTranspose", [window.input, try layer.parameter("weight"), try layer.parameter("bias")],
            window.attributes)
    }
}
