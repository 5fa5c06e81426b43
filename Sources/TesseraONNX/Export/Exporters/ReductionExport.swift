import TesseraCore

/// Reductions over axes.
enum ReductionExport {
    static let exporters: [String: LayerExporter] = ["reduce": reduce]

    private static let operators = [
        "mean": "ReduceMean", "sum": "ReduceSum", "max": "ReduceMax", "min": "ReduceMin", "product": "ReduceProd",
        "l1": "ReduceL1", "l2": "ReduceL2", "sum_square": "ReduceSumSquare", "log_sum": "ReduceLogSum",
        "log_sum_exp": "ReduceLogSumExp",
    ]

    private static func reduce(_ layer: LayerExport) throws {
        let function = try layer.keys.text("function")
        guard let type = operators[function] else {
            throw TesseraError(.notSupported, "the function '\(function)' is not supported")
        }
        layer.emit(
            type, [try layer.input(), try layer.integers(role: "axes")],
            [
                "keepdims": .flag(try layer.keys.flag("keep_axes")),
                "noop_with_empty_axes": .flag(try layer.keys.text("empty_axes") == "none"),
            ])
    }
}
