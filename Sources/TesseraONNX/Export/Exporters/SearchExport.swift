import TesseraCore

/// Largest and smallest elements, running sums, and the choice of boxes.
enum SearchExport {
    static let exporters: [String: LayerExporter] = [
        "arg_max": argument("ArgMax"), "arg_min": argument("ArgMin"), "top_k": topK,
        "cumulative_sum": cumulativeSum, "non_max_suppression": nonMaxSuppression,
    ]

    private static func argument(_ type: String) -> LayerExporter {
        { layer in
            layer.emit(
                type, [try layer.input()],
                [
                    "axis": .int(try layer.keys.int("axis")), "keepdims": .flag(try layer.keys.flag("keep_axis")),
                    "select_last_index": .flag(try layer.keys.flag("last_index")),
                ])
        }
    }

    private static func topK(_ layer: LayerExport) throws {
        let count: String
        if let input = layer.integerInput("k") {
            // A list of one is asked for; the input may be a scalar.
            count = layer.step("k", "Reshape", [input, try layer.integers("k_shape", [1])])
        } else {
            count = try layer.integers("k", [layer.keys.int("k")])
        }
        layer.emit(
            "TopK", [try layer.input(), count], outputs: [layer.output(0), layer.output(1)],
            [
                "axis": .int(try layer.keys.int("axis")), "largest": .flag(try layer.keys.flag("largest")),
                "sorted": .flag(try layer.keys.flag("sorted")),
            ])
    }

    private static func cumulativeSum(_ layer: LayerExport) throws {
        let axis =
            try layer.integerInput("axis", .i32, .i64) ?? layer.scalar("axis", Double(layer.keys.int("axis")), .i64)
        layer.emit(
            "CumSum", [try layer.input(), axis],
            [
                "exclusive": .flag(try layer.keys.flag("exclusive")),
                "reverse": .flag(try layer.keys.flag("reverse")),
            ])
    }

    private static func nonMaxSuppression(_ layer: LayerExport) throws {
        let keys = layer.keys
        let most =
            try layer.integerInput("maximum_per_class")
            ?? layer.integers("maximum_per_class", [keys.int("maximum_per_class")])
        func threshold(_ name: String) throws -> String? {
            if let input = layer.optionalInput(name) { return input }
            return try keys.optionalNumber(name).map {
                layer.constant(name, try Tensor([Float($0)], shape: [1]))
            }
        }
        layer.emit(
            "NonMaxSuppression",
            [
                try layer.input("boxes"), try layer.input("scores"), most, try threshold("iou_threshold"),
                try threshold("score_threshold"),
            ], ["center_point_box": .flag(try keys.flag("center_boxes"))])
    }
}
