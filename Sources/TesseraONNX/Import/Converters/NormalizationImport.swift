import TesseraCore

/// Normalizations over what each example holds.
enum NormalizationImport {
    static let converters: [String: NodeConverter] = [
        "InstanceNormalization": instance, "LayerNormalization": layer, "GroupNormalization": group,
        "LRN": localResponse,
    ]

    static func setEpsilon(in keys: inout Keys, node: NodeImport) {
        keys.set("epsilon", .number(node.number("epsilon", default: 1e-5)), unless: .number(Float(1e-5)))
    }

    private static func instance(_ node: NodeImport) throws -> [Operand] {
        node.ignore("consumed_inputs")
        let x = try node.input(0)
        var keys = Keys()
        setEpsilon(in: &keys, node: node)
        return [try node.emit("instance_norm", keys, slots: affine(node), facts: x.facts)]
    }

    private static func affine(_ node: NodeImport) throws -> [NodeImport.Slot] {
        [
            .data("x", try node.input(0)), .parameter("weight", try node.input(1)),
            .parameter("bias", node.optionalInput(2)),
        ]
    }

    private static func layer(_ node: NodeImport) throws -> [Operand] {
        node.ignore("stash_type")
        let x = try node.input(0)
        let axis = node.integer("axis", default: -1)
        var keys = Keys()
        keys.set("axis", .int(axis), unless: .int(-1))
        setEpsilon(in: &keys, node: node)
        keys.set("bias", .flag(node.optionalInput(2) != nil), unless: .flag(true))
        guard node.wants(output: 1) || node.wants(output: 2) else {
            return [try node.emit("layer_norm", keys, slots: affine(node), facts: x.facts)]
        }
        let statistics = ValueFacts.type(x.facts.type, rank: x.rank)
        return try node.emit(
            "layer_norm", keys, slots: affine(node), outputs: ["mean", "inverse_deviation"],
            facts: [x.facts, statistics, statistics])
    }

    /// Scale and bias are per group up to opset 20 and per channel from 21.
    private static func group(_ node: NodeImport) throws -> [Operand] {
        node.ignore("stash_type")
        let x = try node.input(0)
        let groups = try node.requiredInteger("num_groups")
        var keys: Keys = ["groups": .int(groups)]
        setEpsilon(in: &keys, node: node)
        var (weight, bias) = (try node.input(1), try node.input(2))
        if node.opset < 21 {
            guard let sizes = x.facts.dimensions, sizes.count > 1, let channels = sizes[1], groups > 0,
                channels % groups == 0
            else { throw node.unsupported("opset \(node.opset) with an unknown number of channels") }
            weight = try perChannel(weight, count: channels / groups, node: node, as: "weight")
            bias = try perChannel(bias, count: channels / groups, node: node, as: "bias")
        }
        return [
            try node.emit(
                "group_norm", keys, slots: [.data("x", x), .parameter("weight", weight), .parameter("bias", bias)],
                facts: x.facts)
        ]
    }

    /// Every value `count` times.
    private static func perChannel(
        _ x: Operand, count: Int, node: NodeImport, as suffix: String
    ) throws -> Operand {
        if count == 1 { return x }
        let facts = ValueFacts.type(x.facts.type, rank: 2)
        let column = try ReshapingImport.unsqueeze(x, axes: [1], node: node, as: "\(suffix)_column")
        let tiled = try node.emit(
            "tile", ["repeats": .ints([1, count])], [column], as: "\(suffix)_tiled", facts: facts)
        return try node.emit(
            "reshape", ["shape": .ints([-1])], [tiled], as: suffix, facts: .type(x.facts.type, rank: 1))
    }

    private static func localResponse(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        var keys: Keys = ["size": .int(try node.requiredInteger("size"))]
        keys.set("alpha", .number(node.number("alpha", default: 1e-4)), unless: .number(Float(1e-4)))
        keys.set("beta", .number(node.number("beta", default: 0.75)), unless: .number(Float(0.75)))
        keys.set("bias", .number(node.number("bias", default: 1)), unless: .int(1))
        return [try node.emit("local_response_norm", keys, [x], facts: x.facts)]
    }
}
