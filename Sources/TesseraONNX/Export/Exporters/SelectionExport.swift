import TesseraCore

/// Operators that join values or take parts of them.
enum SelectionExport {
    static let exporters: [String: LayerExporter] = [
        "concat": { $0.emit("Concat", $0.inputs, ["axis": .int(try $0.keys.int("axis"))]) },
        "gather": {
            let indices = $0.integerInput("indices", .i32, .i64)
            $0.emit("Gather", [try $0.input(), indices], ["axis": .int(try $0.keys.int("axis"))])
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
        let keys = ["starts", "ends", "axes", "steps"]
        // ONNX has no way to leave out one of these, but cuts what lies beyond an axis off.
        func limit(_ key: String, forwards: Int, backwards: Int) throws -> String? {
            if let given = try layer.integers(role: key) { return given }
            guard !keys.contains(where: { layer.optionalInput($0) != nil }) else {
                throw TesseraError(.notSupported, "no '\(key)' beside inputs for others is not supported")
            }
            let count = try keys.compactMap { try layer.keys.optionalInts($0)?.count }.max() ?? 0
            let steps = try layer.keys.optionalInts("steps") ?? [Int](repeating: 1, count: count)
            return try layer.integers(key, steps.map { $0 > 0 ? forwards : backwards })
        }
        let starts = try limit("starts", forwards: 0, backwards: .max)
        let ends = try limit("ends", forwards: .max, backwards: .min)
        let inputs = [starts, ends, try layer.integers(role: "axes"), try layer.integers(role: "steps")]
        layer.emit("Slice", [try layer.input()] + inputs)
    }
}
