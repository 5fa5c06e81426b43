import TesseraCore

/// Operators that change how elements are arranged, not what they are.
enum ReshapingImport {
    static let converters: [String: NodeConverter] = [
        "Reshape": reshape, "Flatten": flatten, "Transpose": transpose, "Squeeze": squeeze, "Unsqueeze": unsqueeze,
        "Expand": expand, "Tile": tile, "DepthToSpace": blocks("depth_to_space"),
        "SpaceToDepth": blocks("space_to_depth"),
    ]

    private static func reshape(_ node: NodeImport) throws -> [Operand] {
        let (x, shape) = (try node.input(0), try node.input(1))
        var keys = Keys()
        let sizes = shape.integers
        keys.set("shape", sizes.map(Configuration.ints))
        let allowsZero = node.flag("allowzero")
        keys.set("allow_zero", .flag(allowsZero), unless: .flag(false))
        let dimensions =
            sizes.map { sizes in sizes.map { $0 > 0 || ($0 == 0 && allowsZero) ? $0 : nil } }
            ?? shape.facts.shape.flatMap { $0.count == 1 && $0[0] <= 16 ? [Int?](repeating: nil, count: $0[0]) : nil }
        return [
            try node.emit(
                "reshape", keys, slots: [.data("x", x), .data("shape", sizes == nil ? shape : nil)],
                facts: .type(x.facts.type, dimensions: dimensions))
        ]
    }

    private static func flatten(_ node: NodeImport) throws -> [Operand] {
        [try flatten(node.input(0), at: node.integer("axis", default: 1), node: node)]
    }

    /// Two axes: those before `axis` as one, and the others as one.
    static func flatten(_ x: Operand, at axis: Int, node: NodeImport, as suffix: String? = nil) throws -> Operand {
        let facts = ValueFacts.type(x.facts.type, rank: 2)
        func reshape(to sizes: [Int]) throws -> Operand {
            try node.emit("reshape", ["shape": .ints(sizes)], [x], as: suffix, facts: facts)
        }
        if axis == 0 { return try reshape(to: [1, -1]) }
        if let rank = x.rank {
            guard (-rank...rank).contains(axis) else {
                throw TesseraError(
                    .malformedFile,
                    "expected an axis from \(-rank) to \(rank) for an input of \(rank) axes, found \(axis)")
            }
            let axis = axis < 0 ? axis + rank : axis
            if axis == 0 { return try reshape(to: [1, -1]) }
            if axis == rank { return try reshape(to: [-1, 1]) }
            if axis == 1 { return try node.emit("flatten", [:], [x], as: suffix, facts: facts) }
            if axis == rank - 1 {
                return try node.emit(
                    "flatten", ["axis": .int(0), "last_axis": .int(-2)], [x], as: suffix, facts: facts)
            }
        }
        // The product of the sizes before the axis, which is known once the sizes are.
        let name = suffix ?? "flatten"
        var sizes = try node.emit("shape", ["end": .int(axis)], [x], as: "\(name)_sizes", facts: .type(.i64, rank: 1))
        if axis > 0, x.rank == nil {
            // Fails when the network is bound if there are fewer axes.
            sizes = try node.emit(
                "reshape", ["shape": .ints([axis])], [sizes], as: "\(name)_leading",
                facts: .type(.i64, dimensions: [axis]))
        }
        let rows = try node.emit(
            "reduce", ["function": .name("product"), "axes": .ints([0])], [sizes], as: "\(name)_rows",
            facts: .type(.i64, dimensions: [1]))
        let shape = try node.emit(
            "concat", ["axis": .int(0)], [rows, node.integers([-1])], as: "\(name)_shape",
            facts: .type(.i64, dimensions: [2]))
        return try node.emit("reshape", slots: [.data("x", x), .data("shape", shape)], as: suffix, facts: facts)
    }

    private static func transpose(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        return [try transpose(x, order: node.integers("perm"), node: node)]
    }

    /// The axes in another order; nil reverses them. A constant is transposed at once.
    static func transpose(_ x: Operand, order: [Int]?, node: NodeImport, as suffix: String? = nil) throws -> Operand {
        if let constant = x.constant {
            let order = order ?? (0..<constant.tensor.shape.rank).reversed()
            let step = (["transposed"] + order.map(String.init)).joined(separator: "_")
            return .constant(constant.derived(try constant.tensor.transposed(order), by: step))
        }
        var keys = Keys()
        keys.set("order", order.map(Configuration.ints))
        var facts = ValueFacts.type(x.facts.type, rank: order?.count ?? x.rank)
        if let sizes = x.facts.dimensions {
            let order = order ?? sizes.indices.reversed()
            if order.allSatisfy(sizes.indices.contains) { facts.dimensions = order.map { sizes[$0] } }
        }
        return try node.emit("transpose", keys, [x], as: suffix, facts: facts)
    }

    /// The axes are an attribute up to opset 12 and an input from 13.
    private static func axes(_ node: NodeImport) -> (known: [Int]?, input: Operand?) {
        guard node.opset >= 13 else { return (node.integers("axes"), nil) }
        guard let input = node.optionalInput(1) else { return (nil, nil) }
        return input.integers.map { ($0, nil) } ?? (nil, input)
    }

    private static func squeeze(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        let (known, input) = axes(node)
        var facts = ValueFacts.type(x.facts.type)
        if let sizes = x.facts.dimensions, let known {
            let dropped = Set(known.map { $0 < 0 ? $0 + sizes.count : $0 })
            facts.dimensions = sizes.indices.filter { !dropped.contains($0) }.map { sizes[$0] }
        }
        var keys = Keys()
        keys.set("axes", known.map(Configuration.ints))
        return [try node.emit("squeeze", keys, slots: [.data("x", x), .data("axes", input)], facts: facts)]
    }

    private static func unsqueeze(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        let (known, input) = axes(node)
        return [try unsqueeze(x, axes: known, input: input, node: node)]
    }

    static func unsqueeze(
        _ x: Operand, axes: [Int]?, input: Operand? = nil, node: NodeImport, as suffix: String? = nil
    ) throws -> Operand {
        var facts = ValueFacts.type(x.facts.type)
        if let sizes = x.facts.dimensions, let axes {
            let rank = sizes.count + axes.count
            let added = Set(axes.map { $0 < 0 ? $0 + rank : $0 })
            if added.count == axes.count, added.allSatisfy((0..<rank).contains) {
                var rest = sizes[...]
                facts.dimensions = (0..<rank).map { added.contains($0) ? 1 : rest.popFirst() ?? nil }
            }
        }
        if let constant = x.constant, let shape = facts.shape, let unsqueezed = constant.reshaped(to: shape) {
            return .constant(unsqueezed)
        }
        var keys = Keys()
        keys.set("axes", axes.map(Configuration.ints))
        return try node.emit("unsqueeze", keys, slots: [.data("x", x), .data("axes", input)], as: suffix, facts: facts)
    }

    private static func expand(_ node: NodeImport) throws -> [Operand] {
        let (x, shape) = (try node.input(0), try node.input(1))
        let sizes = shape.integers
        var keys = Keys()
        keys.set("shape", sizes.map(Configuration.ints))
        var facts = ValueFacts.type(x.facts.type)
        if let sizes {
            let target = Operand.value(reference: "", facts: .type(nil, dimensions: sizes))
            facts = ArithmeticImport.broadcast([x, target], type: x.facts.type)
        }
        return [
            try node.emit(
                "expand", keys, slots: [.data("x", x), .data("shape", sizes == nil ? shape : nil)], facts: facts)
        ]
    }

    private static func tile(_ node: NodeImport) throws -> [Operand] {
        let (x, repeats) = (try node.input(0), try node.input(1))
        let counts = repeats.integers
        var keys = Keys()
        keys.set("repeats", counts.map(Configuration.ints))
        return [
            try node.emit(
                "tile", keys, slots: [.data("x", x), .data("repeats", counts == nil ? repeats : nil)],
                facts: .type(x.facts.type, rank: x.rank))
        ]
    }

    private static func blocks(_ type: String) -> NodeConverter {
        { node in
            let x = try node.input(0)
            var keys: Keys = ["block": .int(try node.requiredInteger("blocksize"))]
            let mode = node.string("mode", default: "DCR")
            guard ["DCR", "CRD"].contains(mode) else { throw node.unsupported("the mode '\(mode)'") }
            keys.set("mode", .name(mode.lowercased()), unless: .name("dcr"))
            return [try node.emit(type, keys, [x], facts: .type(x.facts.type, rank: 4))]
        }
    }
}
