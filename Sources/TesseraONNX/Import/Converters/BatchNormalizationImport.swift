import TesseraCore

/// Batch normalization, with given statistics or, in training mode, with those of the input.
enum BatchNormalizationImport {
    static let converters: [String: NodeConverter] = ["BatchNormalization": batchNormalization]

    private static func batchNormalization(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        // In training the running statistics are read only if they are asked for.
        node.ignoreInputs(3, 4)
        if node.opset < 9, !node.flag("spatial", default: true) {
            throw node.unsupported("statistics for each position")
        }
        let momentum = node.number("momentum", default: 0.9)
        if node.opset >= 14, node.flag("training_mode") { return try training(node, x, momentum: momentum) }
        guard !node.wants(output: 1) else { throw node.unsupported("its outputs for training") }
        var keys = Keys()
        NormalizationImport.setEpsilon(in: &keys, node: node)
        let names = ["weight", "bias", "running_mean", "running_var"]
        let slots = try names.enumerated().map { NodeImport.Slot.parameter($0.element, try node.input($0.offset + 1)) }
        return [try node.emit("batch_norm", keys, slots: [.data("x", x)] + slots, facts: x.facts)]
    }

    /// y = (x - mean) / √(variance + ε) · scale + bias with the statistics of x, which also move the running ones.
    private static func training(_ node: NodeImport, _ x: Operand, momentum: Float) throws -> [Operand] {
        guard let rank = x.rank, rank >= 2 else { throw node.unsupported("training mode for an input of unknown rank") }
        let type = x.type
        let vector = ValueFacts.type(type, rank: 1)
        let axes = Configuration.ints([0] + Array(2..<rank))
        func perChannel(_ operand: Operand, _ name: String) throws -> Operand {
            let shape = Configuration.ints([1, -1] + [Int](repeating: 1, count: rank - 2))
            return try node.emit("reshape", ["shape": shape], [operand], as: name, facts: .type(type, rank: rank))
        }
        func mean(_ operand: Operand, _ name: String) throws -> Operand {
            try node.emit(
                "reduce", ["function": .name("mean"), "axes": axes], [operand], as: name, facts: operand.facts)
        }
        let average = try mean(x, "mean")
        let centered = try node.emit("subtract", [:], [x, average], as: "centered", facts: x.facts)
        let squared = try node.emit("multiply", [:], [centered, centered], as: "squared", facts: x.facts)
        let variance = try mean(squared, "variance")
        let epsilon = try node.constant(node.number("epsilon", default: 1e-5).readable, type: type)
        let raised = try node.emit("add", [:], [variance, epsilon], as: "variance_epsilon", facts: variance.facts)
        let deviation = try node.emit("sqrt", [:], [raised], as: "deviation", facts: variance.facts)
        let normalized = try node.emit("divide", [:], [centered, deviation], as: "normalized", facts: x.facts)
        let scale = try perChannel(node.input(1), "scale")
        let bias = try perChannel(node.input(2), "bias")
        let scaled = try node.emit("multiply", [:], [normalized, scale], as: "scaled", facts: x.facts)
        let result = try node.emit("add", [:], [scaled, bias], facts: x.facts)

        func moved(_ running: Operand, towards current: Operand, _ name: String) throws -> Operand {
            let flat = try node.emit("reshape", ["shape": .ints([-1])], [current], as: "\(name)_current", facts: vector)
            let type = running.type
            let keep = try node.constant(momentum.readable, type: type)
            let take = try node.constant(Double((1 - momentum).readable), type: type)
            let old = try node.emit("multiply", [:], [running, keep], as: "\(name)_kept", facts: vector)
            let new = try node.emit("multiply", [:], [flat, take], as: "\(name)_taken", facts: vector)
            return try node.emit("add", [:], [old, new], as: name, facts: vector)
        }
        var outputs = [result]
        if node.proto.output.count > 1 { outputs.append(try moved(node.input(3), towards: average, "running_mean")) }
        if node.proto.output.count > 2 { outputs.append(try moved(node.input(4), towards: variance, "running_var")) }
        return outputs
    }
}
