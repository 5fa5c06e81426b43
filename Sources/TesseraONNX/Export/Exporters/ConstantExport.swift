import TesseraCore

/// Constants, and what follows from shapes.
enum ConstantExport {
    static let exporters: [String: LayerExporter] = [
        "constant": { _ in }, "fill": fill, "shape": shape, "size": { $0.emit("Size", [try $0.input()]) },
        "range": range,
    ]

    /// A constant becomes an initializer, not a node.
    static func constant(_ node: Graph.Node, _ graph: GraphExport, _ trial: ExportTrial) throws {
        let tensor = try node.op.forward([], parameters: trial.parameters[node.name] ?? [:])[0]
        graph.addInitializer(tensor, as: node.outputs[0])
    }

    private static func fill(_ layer: LayerExport) throws {
        let type = try layer.keys.elementType("type")
        let value = try Tensor(reals: [layer.keys.number("value")], shape: [1], elementType: type)
        layer.emit("ConstantOfShape", [try layer.integers(role: "shape")], ["value": .tensor(value)])
    }

    private static func shape(_ layer: LayerExport) throws {
        var attributes: [String: ExportAttribute] = [:]
        let start = try layer.keys.int("start")
        if start != 0 { attributes["start"] = .int(start) }
        if let end = try layer.keys.optionalInt("end") { attributes["end"] = .int(end) }
        layer.emit("Shape", [try layer.input()], attributes)
    }

    /// Numbers that are keys have the type of those that are inputs, or of the result.
    private static func range(_ layer: LayerExport) throws {
        let roles = ["start", "limit", "step"]
        let given = roles.first { layer.optionalInput($0) != nil }
        let type = try given.map { layer.type($0) } ?? layer.keys.elementType("type")
        let inputs = try roles.map { role in
            try layer.optionalInput(role) ?? layer.scalar(role, layer.keys.number(role), type)
        }
        layer.emit("Range", inputs)
    }
}
