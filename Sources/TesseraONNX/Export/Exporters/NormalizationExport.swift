import TesseraCore

/// Normalizations and softmax.
enum NormalizationExport {
    static let exporters: [String: LayerExporter] = [
        "batch_norm": batch, "instance_norm": instance, "layer_norm": layer, "group_norm": group,
        "local_response_norm": localResponse, "softmax": axis("Softmax"), "log_softmax": axis("LogSoftmax"),
    ]

    private static func axis(_ type: String) -> LayerExporter {
        { layer in layer.emit(type, [try layer.input()], ["axis": .int(try layer.keys.int("axis"))]) }
    }

    private static func epsilon(_ layer: LayerExport) throws -> ExportAttribute {
        .float(try layer.keys.number("epsilon"))
    }

    private static func batch(_ layer: LayerExport) throws {
        let names = ["weight", "bias", "running_mean", "running_var"]
        layer.emit(
            "BatchNormalization", try [layer.input()] + names.map { try layer.parameter($0) },
            ["epsilon": try epsilon(layer)])
    }

    /// Scale and bias of a layer that has none: ones and zeros.
    private static func affine(_ layer: LayerExport, shape: @autoclosure () throws -> [Int]) throws -> [String] {
        try [("weight", 1.0), ("bias", 0.0)].map { name, value in
            if let parameter = try layer.parameter(name) { return parameter }
            let shape = try shape()
            let values = [Double](repeating: value, count: shape.reduce(1, *))
            return layer.constant(name, try Tensor(reals: values, shape: Shape(shape), elementType: layer.type()))
        }
    }

    private static func channels(_ layer: LayerExport) throws -> [Int] {
        guard let shape = layer.facts()?.shape, shape.rank > 1 else {
            throw TesseraError(.notSupported, "an unknown number of channels is not supported")
        }
        return [shape[1]]
    }

    private static func instance(_ layer: LayerExport) throws {
        layer.emit(
            "InstanceNormalization", [try layer.input()] + (try affine(layer, shape: channels(layer))),
            ["epsilon": try epsilon(layer)])
    }

    private static func group(_ layer: LayerExport) throws {
        layer.emit(
            "GroupNormalization", [try layer.input()] + (try affine(layer, shape: channels(layer))),
            ["epsilon": try epsilon(layer), "num_groups": .int(try layer.keys.int("groups"))])
    }

    private static func layer(_ layer: LayerExport) throws {
        let axis = try layer.keys.int("axis")
        var inputs: [String?] = [try layer.input()] + (try affine(layer, shape: normalized(layer, from: axis)))
        if try layer.parameter("bias") == nil { inputs[2] = nil }
        if layer.type() == .f64, layer.wants(output: 1) || layer.wants(output: 2) {
            throw TesseraError(.notSupported, "ONNX's statistics of f64 are not supported")
        }
        let outputs = layer.node.outputs.indices.map { $0 == 0 || layer.wants(output: $0) ? layer.output($0) : "" }
        layer.emit(
            "LayerNormalization", inputs, outputs: outputs.reversed().drop { $0.isEmpty }.reversed(),
            ["axis": .int(axis), "epsilon": try epsilon(layer)])
    }

    /// The sizes of the axes that are normalized.
    private static func normalized(_ layer: LayerExport, from axis: Int) throws -> [Int] {
        guard let sizes = layer.facts()?.shape.dimensions else {
            throw TesseraError(.notSupported, "an input of unknown sizes is not supported")
        }
        return Array(sizes[(axis < 0 ? axis + sizes.count : axis)...])
    }

    private static func localResponse(_ layer: LayerExport) throws {
        layer.emit(
            "LRN", [try layer.input()],
            [
                "size": .int(try layer.keys.int("size")), "alpha": .float(try layer.keys.number("alpha")),
                "beta": .float(try layer.keys.number("beta")), "bias": .float(try layer.keys.number("bias")),
            ])
    }
}
