import TesseraCore

/// Element-wise operators of several values, with broadcasting.
enum ArithmeticImport {
    static let converters: [String: NodeConverter] = [
        "Add": binary("add"), "Sub": binary("subtract"), "Mul": binary("multiply"), "Div": binary("divide"),
        "Pow": binary("power"),
        "Equal": binary("equal", makes: .bool), "Greater": binary("greater", makes: .bool),
        "Less": binary("less", makes: .bool), "GreaterOrEqual": binary("greater_or_equal", makes: .bool),
        "LessOrEqual": binary("less_or_equal", makes: .bool), "And": binary("logical_and", makes: .bool),
        "Or": binary("logical_or", makes: .bool), "Xor": binary("logical_xor", makes: .bool),
        "Sum": variadic("add"), "Mean": variadic("average"), "Max": variadic("maximum"), "Min": variadic("minimum"),
        "Where": conditional, "Cast": cast, "CastLike": castLike,
    ]

    private static func binary(_ type: String, makes result: ElementType? = nil) -> NodeConverter {
        { node in
            let (a, b) = (try node.input(0), try node.input(1))
            return [try node.emit(type, [:], [a, b], facts: broadcast([a, b], type: result ?? a.facts.type))]
        }
    }

    private static func variadic(_ type: String) -> NodeConverter {
        { node in
            let inputs = try (0..<max(node.inputs.count, 1)).map { try node.input($0) }
            guard inputs.count > 1 else { return inputs }
            return [try node.emit(type, [:], inputs, facts: broadcast(inputs, type: inputs[0].facts.type))]
        }
    }

    private static func conditional(_ node: NodeImport) throws -> [Operand] {
        let inputs = try (0..<3).map { try node.input($0) }
        return [try node.emit("where", [:], inputs, facts: broadcast(inputs, type: inputs[1].facts.type))]
    }

    private static func cast(_ node: NodeImport) throws -> [Operand] {
        node.ignore("saturate", "round_mode")
        let type = try ElementType(onnx: Int32(clamping: node.requiredInteger("to")))
        return [try cast(node.input(0), to: type, node: node)]
    }

    private static func castLike(_ node: NodeImport) throws -> [Operand] {
        node.ignore("saturate", "round_mode")
        guard let type = try node.input(1).facts.type else { throw node.unsupported("a target of unknown type") }
        return [try cast(node.input(0), to: type, node: node)]
    }

    static func cast(_ x: Operand, to type: ElementType, node: NodeImport, as suffix: String? = nil) throws -> Operand {
        try node.emit(
            "cast", ["type": .type(type)], [x], as: suffix, facts: .type(type, dimensions: x.facts.dimensions))
    }

    /// What is known of the result of broadcasting.
    static func broadcast(_ operands: [Operand], type: ElementType?) -> ValueFacts {
        let all = operands.map(\.facts.dimensions)
        guard !all.contains(nil) else { return .type(type, dimensions: nil) }
        let sizes = all.compactMap { $0 }
        let rank = sizes.map(\.count).max() ?? 0
        let result = (0..<rank).map { axis -> Int? in
            let here = sizes.compactMap { sizes -> Int?? in
                let index = sizes.count - rank + axis
                return index >= 0 ? sizes[index] : nil
            }
            // A size above 1 decides; an unknown one beside ones may be anything.
            if let large = here.compactMap({ $0 }).first(where: { $0 != 1 }) { return large }
            return here.contains(nil) ? nil : 1
        }
        return .type(type, dimensions: result)
    }
}
