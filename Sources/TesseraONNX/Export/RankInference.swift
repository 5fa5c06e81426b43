import TesseraCore

/// The number of axes of what a layer makes whose sizes depend on data.
struct RankInference {
    private let node: Graph.Node
    private let ranks: [Int?]
    private let roles: [String]
    private let keys: LayerKeys
    private let lengths: [Int?]

    /// - Parameters:
    ///   - ranks: of the layer's inputs, nil for one that is not known.
    ///   - lengths: of those inputs that are lists, nil for one that is not known.
    init(_ node: Graph.Node, ranks: [Int?], lengths: [Int?]) {
        self.node = node
        self.ranks = ranks
        self.lengths = lengths
        roles = (try? node.op.roles(count: node.inputs.count)) ?? []
        keys = LayerKeys(node.op)
    }

    /// Layers whose outputs have as many axes as their first input.
    private static let keepingAxes = Set(
        """
        relu sigmoid hard_swish tanh softplus softsign mish absolute negate exp log sqrt reciprocal floor ceil round \
        sign erf logical_not identity leaky_relu elu celu selu hard_sigmoid thresholded_relu gelu relu6 clip swish \
        prelu cast conv conv_transpose linear batch_norm instance_norm layer_norm group_norm local_response_norm \
        softmax log_softmax pad max_pool average_pool global_average_pool global_max_pool quantize dequantize lstm \
        gru rnn transpose tile depth_to_space space_to_depth resize top_k cumulative_sum split slice concat
        """.split(separator: " ").map(String.init))

    /// Layers whose inputs are broadcast.
    private static let broadcasting = Set(
        """
        add subtract multiply divide power equal greater less greater_or_equal less_or_equal logical_and logical_or \
        logical_xor where minimum maximum average
        """.split(separator: " ").map(String.init))

    /// The number of axes of each output; nil if it cannot be told.
    var outputRank: Int? {
        let name = node.op.name
        if Self.keepingAxes.contains(name) { return rank("x") ?? ranks.first ?? nil }
        if Self.broadcasting.contains(name) { return ranks.contains(nil) ? nil : ranks.compactMap { $0 }.max() }
        switch name {
        case "size": return 0
        case "shape", "range": return 1
        case "non_max_suppression": return 2
        case "matmul": return product
        case "gather": return sum(ranks.first ?? nil, rank("indices"), -1)
        case "reshape", "fill": return length("shape")
        case "expand":
            guard let x = rank("x"), let target = length("shape") else { return nil }
            return max(x, target)
        case "unsqueeze": return sum(rank("x"), length("axes"))
        case "squeeze": return sum(rank("x"), length("axes").map { -$0 })
        case "flatten": return flattened
        case "reduce": return keeps("keep_axes") ? rank("x") : sum(rank("x"), length("axes").map { -$0 })
        case "arg_max", "arg_min": return keeps("keep_axis") ? rank("x") : sum(rank("x"), -1)
        default: return nil
        }
    }

    /// How many elements an output has that is a list, as far as it follows from numbers of axes; nil if it cannot be told.
    var outputLength: Int? {
        switch node.op.name {
        case "shape":
            guard let rank = rank("x"), let start = try? keys.int("start"),
                let end = try? keys.optionalInt("end") ?? rank
            else { return nil }
            func axis(_ value: Int) -> Int { min(max(value < 0 ? value + rank : value, 0), rank) }
            return max(axis(end) - axis(start), 0)
        case "concat": return lengths.contains(nil) ? nil : lengths.compactMap { $0 }.reduce(0, +)
        case "gather": return ranks.first == 1 ? length("indices") : nil
        case "unsqueeze": return rank("x") == 0 ? 1 : nil
        case "cast", "identity": return lengths.first ?? nil
        default: return nil
        }
    }

    private func rank(_ role: String) -> Int? { roles.firstIndex(of: role).flatMap { ranks[$0] } }

    /// How many integers an input or the key of its name lists.
    private func length(_ role: String) -> Int? {
        if let index = roles.firstIndex(of: role) { return lengths[index] }
        return (try? keys.optionalInts(role))?.count
    }

    private func keeps(_ key: String) -> Bool { (try? keys.flag(key)) ?? false }

    private func sum(_ terms: Int?...) -> Int? {
        terms.contains(nil) ? nil : max(terms.compactMap { $0 }.reduce(0, +), 0)
    }

    /// A vector has no axis in the product.
    private var product: Int? {
        guard ranks.count == 2, let a = ranks[0], let b = ranks[1] else { return nil }
        if a >= 2, b >= 2 { return max(a, b) }
        return max(max(a, b) - (a == 1 && b == 1 ? 1 : 0) - 1, 0)
    }

    private var flattened: Int? {
        guard let rank = rank("x"), let first = try? keys.int("axis"), let last = try? keys.int("last_axis") else {
            return nil
        }
        let joined = (last < 0 ? last + rank : last) - (first < 0 ? first + rank : first)
        return joined >= 0 ? max(rank - joined, 0) : nil
    }
}
