import TesseraCore

/// Reductions over axes.
enum ReductionImport {
    static let converters: [String: NodeConverter] = [
        "ReduceMean": reduce("mean", axesInputSince: 18), "ReduceSum": reduce("sum", axesInputSince: 13),
        "ReduceMax": reduce("max", axesInputSince: 18), "ReduceMin": reduce("min", axesInputSince: 18),
        "ReduceProd": reduce("product", axesInputSince: 18), "ReduceL1": reduce("l1", axesInputSince: 18),
        "ReduceL2": reduce("l2", axesInputSince: 18), "ReduceSumSquare": reduce("sum_square", axesInputSince: 18),
        "ReduceLogSum": reduce("log_sum", axesInputSince: 18),
        "ReduceLogSumExp": reduce("log_sum_exp", axesInputSince: 18),
    ]

    /// - Parameter axesInputSince: the opset in which the axes became an input.
    private static func reduce(_ function: String, axesInputSince opset: Int) -> NodeConverter {
        { node in
            let x = try node.input(0)
            var axes: [Int]?
            var axesInput: Operand?
            if node.opset >= opset {
                axesInput = node.nonEmptyInput(1)
                if let known = axesInput?.integers {
                    axes = known
                    axesInput = nil
                }
            } else {
                axes = node.integers("axes").flatMap { $0.isEmpty ? nil : $0 }
            }
            let keepsAxes = node.flag("keepdims", default: true)
            let emptyMeansNone = node.flag("noop_with_empty_axes")
            var keys: Keys = ["function": .name(function)]
            keys.set("axes", axes.map(Configuration.ints))
            keys.set("keep_axes", .flag(keepsAxes), unless: .flag(true))
            keys.set("empty_axes", .name(emptyMeansNone ? "none" : "all"), unless: .name("all"))
            let facts = facts(x, axes: axes, keepsAxes: keepsAxes, isOpen: axesInput != nil || emptyMeansNone)
            return [try node.emit("reduce", keys, slots: [.data("x", x), .data("axes", axesInput)], facts: facts)]
        }
    }

    static func facts(_ x: Operand, axes: [Int]?, keepsAxes: Bool, isOpen: Bool) -> ValueFacts {
        guard var sizes = x.facts.dimensions, !isOpen else {
            return .type(x.facts.type, rank: keepsAxes ? x.rank : nil)
        }
        let reduced = Set((axes ?? Array(sizes.indices)).map { $0 < 0 ? $0 + sizes.count : $0 })
        guard reduced.allSatisfy(sizes.indices.contains) else { return .type(x.facts.type) }
        for axis in reduced { sizes[axis] = 1 }
        if !keepsAxes { sizes = sizes.indices.filter { !reduced.contains($0) }.map { sizes[$0] } }
        return .type(x.facts.type, dimensions: sizes)
    }
}
