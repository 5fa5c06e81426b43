import TesseraCore

/// Operators that change how elements are arranged, not what they are.
enum ReshapingExport {
    static let exporters: [String: LayerExporter] = [
        "reshape": reshape, "flatten": flatten, "transpose": transpose, "squeeze": axes("Squeeze"),
        "unsqueeze": axes("Unsqueeze"), "expand": list("Expand", "shape"), "tile": list("Tile", "repeats"),
        "depth_to_space": blocks("DepthToSpace"), "space_to_depth": blocks("SpaceToDepth"),
    ]

    private static func reshape(_ layer: LayerExport) throws {
        layer.emit(
            "Reshape", [try layer.input(), try layer.integers(role: "shape")],
            ["allowzero": .flag(try layer.keys.flag("allow_zero"))])
    }

    /// The axes from `axis` to `last_axis` become one.
    private static func flatten(_ layer: LayerExport) throws {
        let x = try layer.input()
        let rank = try layer.rank()
        func axis(_ key: String) throws -> Int {
            let axis = try layer.keys.int(key)
            return axis < 0 ? axis + rank : axis
        }
        let (first, last) = (try axis("axis"), try axis("last_axis"))
        if first == 1, last == rank - 1 { return layer.emit("Flatten", [x], ["axis": 1]) }
        let head = [Int](repeating: 0, count: first)
        if last == rank - 1 { return layer.emit("Reshape", [x, try layer.integers("shape", head + [-1])]) }
        let tail = layer.step("tail", "Shape", [x], ["start": .int(last + 1)])
        let shape = layer.step("shape", "Concat", [try layer.integers("head", head + [-1]), tail], ["axis": 0])
        layer.emit("Reshape", [x, shape])
    }

    private static func transpose(_ layer: LayerExport) throws {
        var attributes: [String: ExportAttribute] = [:]
        if let order = try layer.keys.optionalInts("order") { attributes["perm"] = .ints(order) }
        layer.emit("Transpose", [try layer.input()], attributes)
    }

    private static func axes(_ type: String) -> LayerExporter {
        { layer in layer.emit(type, [try layer.input(), try layer.integers(role: "axes")]) }
    }

    private static func list(_ type: String, _ role: String) -> LayerExporter {
        { layer in layer.emit(type, [try layer.input(), try layer.integers(role: role)]) }
    }

    private static func blocks(_ type: String) -> LayerExporter {
        { layer in
            var attributes: [String: ExportAttribute] = ["blocksize": .int(try layer.keys.int("block"))]
            let mode = layer.keys.has("mode") ? try layer.keys.text("mode") : "dcr"
            if type == "DepthToSpace" {
                attributes["mode"] = .string(mode.uppercased())
            } else if mode != "dcr" {
                throw TesseraError(
                    .notSupported, "the mode '\(mode)' is not supported in opset \(LayerExporters.opset)")
            }
            layer.emit(type, [try layer.input()], attributes)
        }
    }
}
