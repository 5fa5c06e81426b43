import TesseraCore

/// Largest and smallest elements, running sums, and the choice of boxes.
enum SearchImport {
    static let converters: [String: NodeConverter] = [
        "ArgMax": argument("arg_max"), "ArgMin": argument("arg_min"), "TopK": topK, "CumSum": cumulativeSum,
        "NonMaxSuppression": nonMaxSuppression,
    ]

    private static func argument(_ type: String) -> NodeConverter {
        { node in
            let x = try node.input(0)
            let axis = node.integer("axis", default: 0)
            let keepsAxis = node.flag("keepdims", default: true)
            var keys = Keys()
            keys.set("axis", .int(axis), unless: .int(0))
            keys.set("keep_axis", .flag(keepsAxis), unless: .flag(true))
            keys.set("last_index", .flag(node.flag("select_last_index")), unless: .flag(false))
            var facts = ReductionImport.facts(x, axes: [axis], keepsAxes: keepsAxis, isOpen: false)
            facts.type = .i64
            return [try node.emit(type, keys, [x], facts: facts)]
        }
    }

    /// K is an attribute up to opset 9 and an input from 10.
    private static func topK(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        var keys = Keys()
        var count: Operand?
        if node.opset < 10 {
            keys.set("k", .int(try node.requiredInteger("k")))
        } else {
            let k = try node.input(1)
            if let known = k.integers, known.count == 1 { keys.set("k", .int(known[0])) } else { count = k }
        }
        keys.set("axis", .int(node.integer("axis", default: -1)), unless: .int(-1))
        keys.set("largest", .flag(node.flag("largest", default: true)), unless: .flag(true))
        keys.set("sorted", .flag(node.flag("sorted", default: true)), unless: .flag(true))
        return try node.emit(
            "top_k", keys, slots: [.data("x", x), .data("k", count)], outputs: ["indices"],
            facts: [.type(x.facts.type, rank: x.rank), .type(.i64, rank: x.rank)])
    }

    private static func cumulativeSum(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        let axis = try node.input(1)
        let known = axis.integers.flatMap { $0.count == 1 ? $0[0] : nil }
        var keys = Keys()
        keys.set("axis", known.map(Configuration.int))
        keys.set("exclusive", .flag(node.flag("exclusive")), unless: .flag(false))
        keys.set("reverse", .flag(node.flag("reverse")), unless: .flag(false))
        return [
            try node.emit(
                "cumulative_sum", keys, slots: [.data("x", x), .data("axis", known == nil ? axis : nil)],
                facts: x.facts)
        ]
    }

    private static func nonMaxSuppression(_ node: NodeImport) throws -> [Operand] {
        var keys = Keys()
        var slots = [NodeImport.Slot.data("boxes", try node.input(0)), .data("scores", try node.input(1))]
        for (index, name) in ["maximum_per_class", "iou_threshold", "score_threshold"].enumerated() {
            var operand = node.nonEmptyInput(2 + index)
            if let number = operand?.number, number.isFinite {
                keys.set(name, index == 0 ? .int(Int(min(max(number, 0), 0x1p31))) : .number(number))
                operand = nil
            }
            slots.append(.data(name, operand))
        }
        keys.set("center_boxes", .flag(node.flag("center_point_box")), unless: .flag(false))
        return [
            try node.emit(
                "non_max_suppression", keys, slots: slots, facts: .type(.i64, dimensions: [nil, 3]))
        ]
    }
}
