import TesseraCore

/// The weights of a recurrent layer as PyTorch has them: one tensor for each direction, the gates in its order.
struct RecurrentWeights {
    let node: NodeImport
    let directions: Int
    let hidden: Int
    /// Where each of PyTorch's gates stands among ONNX's.
    let gates: [Int]

    /// The layer's inputs for its weights. The model has them for both directions as one, W [directions, gates · hidden,
    /// inputs], R [directions, gates · hidden, hidden], B [directions, 2 · gates · hidden], P [directions, 3 · hidden].
    func slots() throws -> [NodeImport.Slot] {
        var slots: [NodeImport.Slot] = []
        for direction in 0..<directions {
            let suffix = direction == 1 ? "l0_reverse" : "l0"
            func add(_ name: String, _ operand: Operand?, _ blocks: [Int]) throws {
                guard let operand else { return }
                let name = "\(name)_\(suffix)"
                slots.append(.parameter(name, try self.blocks(blocks, of: operand, direction: direction, name: name)))
            }
            try add("weight_ih", node.input(1), gates)
            try add("weight_hh", node.input(2), gates)
            try add("bias_ih", node.optionalInput(3), gates)
            try add("bias_hh", node.optionalInput(3), gates.map { $0 + gates.count })
            // Peepholes of i, f, o from those of i, o, f.
            try add("peephole", gates.count == 4 ? node.optionalInput(7) : nil, [0, 2, 1])
        }
        return slots
    }

    /// Blocks of `hidden` rows in the given order, of one direction. Taken at once from a constant.
    private func blocks(_ order: [Int], of operand: Operand, direction: Int, name: String) throws -> Operand {
        if let constant = operand.constant {
            return .constant(try blocks(order, of: constant, direction: direction, name: name))
        }
        let type = operand.facts.type
        let rank = (operand.rank ?? 3) - 1
        let whole = try node.emit(
            "slice", ["axes": .ints([0]), "starts": .ints([direction]), "ends": .ints([direction + 1])], [operand],
            as: "\(name)_direction", facts: .type(type, rank: rank + 1))
        let rows = try node.emit(
            "squeeze", ["axes": .ints([0])], [whole], as: "\(name)_rows", facts: .type(type, rank: rank))
        let parts = try order.enumerated().map { position, block in
            try node.emit(
                "slice",
                ["axes": .ints([0]), "starts": .ints([block * hidden]), "ends": .ints([(block + 1) * hidden])], [rows],
                as: "\(name)_\(position)", facts: .type(type, rank: rank))
        }
        guard parts.count > 1 else { return parts[0] }
        return try node.emit("concat", ["axis": .int(0)], parts, as: name, facts: .type(type, rank: rank))
    }

    private func blocks(
        _ order: [Int], of constant: Operand.Constant, direction: Int, name: String
    ) throws -> Operand.Constant {
        let sizes = constant.tensor.shape.dimensions
        let needed = ((order.max() ?? 0) + 1) * hidden
        guard sizes.count >= 2, sizes[0] == directions, sizes[1] >= needed else {
            throw TesseraError(
                .shapeMismatch,
                "expected '\(constant.name)' of [\(directions), at least \(needed), …], found \(constant.tensor.shape)")
        }
        let rows = try constant.tensor.rows(direction..<direction + 1).reshaped(to: Shape(Array(sizes.dropFirst())))
        var bytes: [UInt8] = []
        for block in order {
            try rows.rows(block * hidden..<(block + 1) * hidden).withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        let shape = Shape([order.count * hidden] + sizes.dropFirst(2))
        let tensor = try bytes.withUnsafeBytes {
            try Tensor(copying: $0, shape: shape, elementType: constant.tensor.elementType)
        }
        let step = ([name, "of_\(hidden)"] + order.map(String.init)).joined(separator: "_")
        return constant.derived(tensor, by: step)
    }
}
