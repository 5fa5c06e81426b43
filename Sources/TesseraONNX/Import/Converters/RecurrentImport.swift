import TesseraCore

/// LSTM, GRU and RNN: the same as PyTorch's but for the order of the gates and the layout of the weights.
enum RecurrentImport {
    static let converters: [String: NodeConverter] = [
        // Where each of PyTorch's gates stands among ONNX's: i f g o from i o f c, r z n from z r h.
        "LSTM": recurrent("lstm", gates: [0, 2, 3, 1], hasCell: true), "GRU": recurrent("gru", gates: [1, 0, 2]),
        "RNN": recurrent("rnn", gates: [0]),
    ]

    /// Far more than any network has, and far from overflow in what is computed with it.
    private static let hiddenLimit = 1 << 24

    private static func recurrent(_ type: String, gates: [Int], hasCell: Bool = false) -> NodeConverter {
        { node in
            let direction = node.string("direction", default: "forward").lowercased()
            guard ["forward", "reverse", "bidirectional"].contains(direction) else {
                throw node.unsupported("the direction '\(direction)'")
            }
            let directions = direction == "bidirectional" ? 2 : 1
            let recurrence = try node.input(2)
            let width = recurrence.facts.dimensions.flatMap { $0.count == 3 ? $0[2] : nil }
            guard let hidden = node.integer("hidden_size") ?? width else {
                throw node.unsupported("an unknown hidden size")
            }
            guard (1...hiddenLimit).contains(hidden) else {
                throw TesseraError(.malformedFile, "expected a hidden size from 1 to \(hiddenLimit), found \(hidden)")
            }
            let batchFirst = node.flag("layout")
            var keys: Keys = ["hidden": .int(hidden)]
            keys.set("direction", .name(direction), unless: .name("forward"))
            keys.set("bias", .flag(node.optionalInput(3) != nil), unless: .flag(true))
            keys.set("batch_first", .flag(batchFirst), unless: .flag(false))
            try setActivations(in: &keys, node: node, perDirection: type == "lstm" ? 3 : type == "gru" ? 2 : 1)
            if type == "lstm" {
                keys.set("input_forget", .flag(node.flag("input_forget")), unless: .flag(false))
                keys.set("peephole", .flag(node.optionalInput(7) != nil), unless: .flag(false))
            }
            if type == "gru" {
                keys.set("linear_before_reset", .flag(node.flag("linear_before_reset")), unless: .flag(true))
            }
            let x = try node.input(0)
            var slots = [NodeImport.Slot.data("x", x), .data("sequence_lengths", node.nonEmptyInput(4))]
            slots.append(.data("initial_hidden", try state(node.nonEmptyInput(5), batchFirst, node, "initial_hidden")))
            if hasCell {
                slots.append(.data("initial_cell", try state(node.nonEmptyInput(6), batchFirst, node, "initial_cell")))
            }
            let weights = RecurrentWeights(node: node, directions: directions, hidden: hidden, gates: gates)
            slots += try weights.slots()
            let facts = ValueFacts.type(x.facts.type, rank: 3)
            let made = try node.emit(
                type, keys, slots: slots, outputs: ["hidden"] + (hasCell ? ["cell"] : []),
                facts: [ValueFacts](repeating: facts, count: hasCell ? 3 : 2))
            var outputs = [
                node.wants(output: 0)
                    ? try separated(made[0], directions, hidden, batchFirst, node) : made[0]
            ]
            for (index, name) in ["last_hidden", "last_cell"].enumerated() where index + 1 < made.count {
                outputs.append(
                    node.wants(output: index + 1)
                        ? try state(made[index + 1], batchFirst, node, name) ?? made[index + 1] : made[index + 1])
            }
            return outputs
        }
    }

    /// A state with the directions first, or back: the batch comes first with ONNX's layout 1.
    private static func state(
        _ state: Operand?, _ batchFirst: Bool, _ node: NodeImport, _ name: String
    ) throws -> Operand? {
        guard let state, batchFirst else { return state }
        return try ReshapingImport.transpose(state, order: [1, 0, 2], node: node, as: name)
    }

    /// [sequence, batch, directions · hidden] as ONNX has it, with the directions as an axis of their own.
    private static func separated(
        _ output: Operand, _ directions: Int, _ hidden: Int, _ batchFirst: Bool, _ node: NodeImport
    ) throws -> Operand {
        let facts = ValueFacts.type(output.facts.type, rank: 4)
        if directions == 1 {
            return try ReshapingImport.unsqueeze(output, axes: [batchFirst ? 2 : 1], node: node, as: "directions")
        }
        let split = try node.emit(
            "reshape", ["shape": .ints([0, 0, directions, hidden])], [output], as: "directions", facts: facts)
        return batchFirst
            ? split : try ReshapingImport.transpose(split, order: [0, 2, 1, 3], node: node, as: "directions_first")
    }

    private static let activationNames = [
        "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "leakyrelu": "leaky_relu", "elu": "elu",
        "hardsigmoid": "hard_sigmoid", "thresholdedrelu": "thresholded_relu", "softsign": "softsign",
        "softplus": "softplus", "scaledtanh": "scaled_tanh", "affine": "affine",
    ]

    private static func setActivations(in keys: inout Keys, node: NodeImport, perDirection: Int) throws {
        if let names = node.strings("activations"), !names.isEmpty {
            let known = try names.map { name in
                guard let known = activationNames[name.lowercased()] else {
                    throw node.unsupported("the activation '\(name)'")
                }
                return known
            }
            let usual = ["sigmoid", "tanh", "tanh"].prefix(perDirection)
            let usualNames = perDirection == 1 ? ["tanh"] : Array(usual)
            let isUsual = known.enumerated().allSatisfy { usualNames[$0.offset % perDirection] == $0.element }
            if !isUsual { keys.set("activations", .names(known)) }
        }
        if let alpha = node.numbers("activation_alpha"), !alpha.isEmpty {
            keys.set("activation_alpha", .numbers(alpha.map(\.readable)))
        }
        if let beta = node.numbers("activation_beta"), !beta.isEmpty {
            keys.set("activation_beta", .numbers(beta.map(\.readable)))
        }
        if let clip = node.number("clip") { keys.set("clip", .number(clip)) }
    }
}
