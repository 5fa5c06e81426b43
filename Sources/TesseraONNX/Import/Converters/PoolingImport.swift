import TesseraCore

/// Pooling.
enum PoolingImport {
    static let converters: [String: NodeConverter] = [
        "MaxPool": maxPool, "AveragePool": averagePool, "GlobalAveragePool": global("global_average_pool"),
        "GlobalMaxPool": global("global_max_pool"),
    ]

    private static func maxPool(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        var keys = try windowKeys(node)
        let facts = ValueFacts.type(x.facts.type, rank: x.rank)
        let columnMajor = node.flag("storage_order")
        guard node.wants(output: 1) else { return [try node.emit("max_pool", keys, [x], facts: facts)] }
        keys.set("indices", .flag(true))
        keys.set("column_major", .flag(columnMajor), unless: .flag(false))
        return try node.emit(
            "max_pool", keys, slots: [.data("x", x)], outputs: ["indices"], facts: [facts, .type(.i64, rank: x.rank)])
    }

    private static func averagePool(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        var keys = try windowKeys(node)
        let isPadded = keys.entries.contains { $0.0 == "padding" || $0.0 == "ceil_mode" }
        let countsPadding = node.flag("count_include_pad")
        if isPadded { keys.set("count_include_pad", .flag(countsPadding), unless: .flag(true)) }
        return [try node.emit("average_pool", keys, [x], facts: .type(x.facts.type, rank: x.rank))]
    }

    /// The usual stride is 1 in ONNX and the kernel's size here.
    private static func windowKeys(_ node: NodeImport) throws -> Keys {
        guard let kernel = node.integers("kernel_shape"), !kernel.isEmpty else {
            throw TesseraError(.malformedFile, "the attribute 'kernel_shape' is missing")
        }
        var keys: Keys = ["kernel": .perAxis(kernel)]
        try WindowKeys.set(in: &keys, node: node, usualStride: .perAxis(kernel))
        WindowKeys.setDilation(in: &keys, node: node)
        keys.set("ceil_mode", .flag(node.flag("ceil_mode")), unless: .flag(false))
        return keys
    }

    private static func global(_ type: String) -> NodeConverter {
        { node in
            let x = try node.input(0)
            let sizes = x.facts.dimensions.map { sizes in sizes.indices.map { $0 < 2 ? sizes[$0] : 1 } }
            return [try node.emit(type, [:], [x], facts: .type(x.facts.type, dimensions: sizes))]
        }
    }
}
