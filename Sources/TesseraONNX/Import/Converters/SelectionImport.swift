import TesseraCore

/// Operators that join values or take parts of them.
enum SelectionImport {
    static let converters: [String: NodeConverter] = [
        "Concat": concat, "Split": split, "Slice": slice, "Gather": gather,
    ]

    private static func concat(_ node: NodeImport) throws -> [Operand] {
        let inputs = try (0..<max(node.inputs.count, 1)).map { try node.input($0) }
        let axis = try node.requiredInteger("axis")
        var facts = ValueFacts.type(inputs[0].facts.type, rank: inputs.compactMap(\.rank).first)
        if let sizes = inputs[0].facts.dimensions {
            let axis = axis < 0 ? axis + sizes.count : axis
            let parts = inputs.map { $0.facts.dimensions.flatMap { $0.indices.contains(axis) ? $0[axis] : nil } }
            if sizes.indices.contains(axis) {
                facts.dimensions = sizes
                facts.dimensions?[axis] =
                    parts.contains(nil) ? nil : parts.compactMap { $0 }.reduce(0, Shape.saturatingSum)
            }
        }
        return [try node.emit("concat", ["axis": .int(axis)], inputs, facts: facts)]
    }

    /// The sizes are an attribute up to opset 12 and an input from 13; without them the parts are equal.
    private static func split(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        let count = max(node.proto.output.count, 1)
        let input = node.opset >= 13 ? node.optionalInput(1) : nil
        let sizes = node.opset >= 13 ? input?.integers : node.integers("split")
        if let parts = node.integer("num_outputs"), parts != count {
            throw TesseraError(.malformedFile, "expected \(parts) outputs, found \(count)")
        }
        if let sizes, sizes.count != count {
            throw TesseraError(.malformedFile, "expected \(sizes.count) outputs, found \(count)")
        }
        var keys: Keys = ["axis": .int(node.integer("axis", default: 0))]
        if let sizes { keys.set("sizes", .ints(sizes)) } else { keys.set("parts", .int(count)) }
        return try node.emit(
            "split", keys, slots: [.data("x", x), .data("sizes", sizes == nil ? input : nil)],
            outputs: (1..<count).map(String.init),
            facts: [ValueFacts](repeating: .type(x.facts.type, rank: x.rank), count: count))
    }

    /// Where to cut are attributes up to opset 9 and inputs from 10.
    private static func slice(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        let names = ["starts", "ends", "axes", "steps"]
        var known: [String: [Int]] = [:]
        var slots = [NodeImport.Slot.data("x", x)]
        for (index, name) in names.enumerated() {
            var operand: Operand?
            if node.opset < 10 {
                known[name] = name == "steps" ? nil : node.integers(name)
            } else {
                operand = index < 2 ? try node.input(index + 1) : node.nonEmptyInput(index + 1)
                known[name] = operand?.integers
                if known[name] != nil { operand = nil }
            }
            slots.append(.data(name, operand))
        }
        var keys = Keys()
        for name in ["axes", "starts", "ends"] { keys.set(name, known[name].map(Configuration.ints)) }
        if let steps = known["steps"], !steps.allSatisfy({ $0 == 1 }) { keys.set("steps", .ints(steps)) }
        return [try node.emit("slice", keys, slots: slots, facts: .type(x.facts.type, rank: x.rank))]
    }

    private static func gather(_ node: NodeImport) throws -> [Operand] {
        let (x, indices) = (try node.input(0), try node.input(1))
        let axis = node.integer("axis", default: 0)
        var keys = Keys()
        keys.set("axis", .int(axis), unless: .int(0))
        var facts = ValueFacts.type(x.facts.type)
        if let sizes = x.facts.dimensions, let others = indices.facts.dimensions {
            let axis = axis < 0 ? axis + sizes.count : axis
            if sizes.indices.contains(axis) { facts.dimensions = sizes[..<axis] + others + sizes[(axis + 1)...] }
        }
        return [try node.emit("gather", keys, [x, indices], facts: facts)]
    }
}
