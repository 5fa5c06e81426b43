import TesseraCore

/// Convolutions.
enum ConvolutionImport {
    static let converters: [String: NodeConverter] = ["Conv": conv, "ConvTranspose": convTranspose]

    private static func conv(_ node: NodeImport) throws -> [Operand] {
        [try conv(node.input(0), weight: node.input(1), bias: node.optionalInput(2), node: node)]
    }

    /// - Parameters:
    ///   - x: [batch, channels, spatial…].
    ///   - weight: [output channels, input channels / groups, kernel…].
    static func conv(
        _ x: Operand, weight: Operand, bias: Operand?, node: NodeImport, as suffix: String? = nil
    ) throws -> Operand {
        var keys = Keys()
        let sizes = weight.facts.dimensions
        if let channels = sizes?.first ?? nil { keys.set("channels", .int(channels)) }
        let kernel = kernel(node, weight: sizes)
        keys.set("kernel", kernel.map(Configuration.perAxis))
        guard keys.entries.count == 2 else { throw node.unsupported("a weight of unknown size") }
        try WindowKeys.set(in: &keys, node: node)
        WindowKeys.setDilation(in: &keys, node: node)
        keys.set("groups", .int(node.integer("group", default: 1)), unless: .int(1))
        keys.set("bias", .flag(bias != nil), unless: .flag(true))
        return try node.emit(
            "conv", keys, slots: [.data("x", x), .parameter("weight", weight), .parameter("bias", bias)], as: suffix,
            facts: .type(x.facts.type, rank: sizes?.count ?? x.rank))
    }

    /// The kernel's sizes, from the attribute or the weight.
    private static func kernel(_ node: NodeImport, weight: [Int?]?) -> [Int]? {
        if let kernel = node.integers("kernel_shape") { return kernel }
        guard let spatial = weight?.dropFirst(2), !spatial.contains(nil) else { return nil }
        return spatial.compactMap { $0 }
    }

    private static func convTranspose(_ node: NodeImport) throws -> [Operand] {
        let (x, weight) = (try node.input(0), try node.input(1))
        let bias = node.optionalInput(2)
        let groups = node.integer("group", default: 1)
        let sizes = weight.facts.dimensions
        var keys = Keys()
        if let sizes, sizes.count > 1, let perGroup = sizes[1] {
            keys.set("channels", .int(Shape.saturatingProduct(perGroup, groups)))
        }
        let kernel = kernel(node, weight: sizes)
        keys.set("kernel", kernel.map(Configuration.perAxis))
        guard keys.entries.count == 2 else { throw node.unsupported("a weight of unknown size") }
        let outputSize = outputSize(node, rank: kernel?.count)
        try WindowKeys.set(in: &keys, node: node, hasOutputSize: outputSize != nil)
        if let padding = node.integers("output_padding") {
            keys.set("output_padding", .perAxis(padding), unless: .int(0))
        }
        keys.set("output_size", outputSize.map(Configuration.ints))
        WindowKeys.setDilation(in: &keys, node: node)
        keys.set("groups", .int(groups), unless: .int(1))
        keys.set("bias", .flag(bias != nil), unless: .flag(true))
        return [
            try node.emit(
                "conv_transpose", keys,
                slots: [.data("x", x), .parameter("weight", weight), .parameter("bias", bias)],
                facts: .type(x.facts.type, rank: sizes?.count ?? x.rank))
        ]
    }

    /// The spatial sizes of `output_shape`, which some exporters write with batch and channels.
    private static func outputSize(_ node: NodeImport, rank: Int?) -> [Int]? {
        guard let sizes = node.integers("output_shape"), !sizes.isEmpty else { return nil }
        guard let rank, sizes.count == rank + 2 else { return sizes }
        return Array(sizes.dropFirst(2))
    }
}
