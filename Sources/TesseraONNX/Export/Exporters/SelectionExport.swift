import TesseraCore

/// Operators that join values or take parts of them.
enum SelectionExport {
    static let exporters: [String: LayerExporter] = [
        "concat": { $0.emit("Concat", $0.inputs, ["axis": .int(try $0.keys.int("axis"))]) },
        "gather": {
            $0.emit("Gather", [try $0.input(), try $0.input("indices")], ["axis": .int(try $0.keys.int("axis"))])
        },
        "split": split, "slice": slice,
    ]

    private static func split(_ layer: LayerExport) throws {
        var attributes: [String: ExportAttribute] = ["axis": .int(try layer.keys.int("axis"))]
        let sizes = try layer.integers(role: "sizes")
        let outputs = layer.node.outputs.indices.map { layer.output($0) }
        if sizes == nil { attributes["num_outputs"] = .int(outputs.count) }
        layer.emit("Split", [try layer.input(), sizes], outputs: outputs, attributes)
    }

    private static func slice(_ layer: LayerExport) throws {
        let inputs = try ["starts", "ends", "axes", "steps"].map { try layer.integers(role: $0) }
        layer.emit("Slice", [try layer.input()] + inputs)
    }
}
