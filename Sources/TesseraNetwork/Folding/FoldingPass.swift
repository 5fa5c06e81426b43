import TesseraCore
import TesseraOperators

/// Finds the layers that can be merged into the convolution, transposed convolution or linear layer before them, and joins
/// the others to a new graph (METHODS.md C).
///
/// A layer is merged if nobody else reads the value before it. Where a weight cannot be read, or would not fit in binary32
/// any more, layers stay as they are: what is wrong is said when the network is bound.
struct FoldingPass {
    private let source: Graph
    private let store: WeightStore
    private let consumers: [[Graph.NodeID]]
    private let soleReaders: [Graph.NodeID?]
    private let ranks: [Int?]
    private let outputs: Set<Graph.ValueID>
    /// The layers that were merged, and the one that each was merged into.
    private var target: [Graph.NodeID: Graph.NodeID] = [:]
    private var folded: [Graph.NodeID: (op: any Operator, recipe: FoldedWeights.Recipe)] = [:]

    /// What was merged, in order.
    private(set) var layers: [FoldedLayer] = []

    init(_ graph: Graph, store: WeightStore) throws {
        source = graph
        self.store = store
        consumers = graph.consumers
        soleReaders = graph.soleReaders
        ranks = graph.symbolicRanks()
        outputs = Set(graph.outputs.map(\.value))
        for id in graph.nodes.indices {
            do {
                try fold(id)
            } catch is TesseraError {
                continue
            }
        }
    }

    /// How the weights of folded layers come about, by path.
    var recipes: [String: FoldedWeights.Recipe] {
        Dictionary(uniqueKeysWithValues: folded.map { (source.nodes[$0.key].name, $0.value.recipe) })
    }

    // MARK: Finding

    /// Merges as many of the layers after this one as can be.
    private mutating func fold(_ id: Graph.NodeID) throws {
        let node = source.nodes[id]
        guard let layer = FoldableLayer(node.op), layer.channels <= Self.channelLimit,
            let reader = soleReaders[node.outputs[0]], mayMerge(source.nodes[reader])
        else { return }
        let given = try givenParameters(of: node)
        let hasBias = given["weight"] == nil ? layer.hasBias : given["bias"] != nil
        let weight = try given["weight"] ?? store.stored("\(node.name).\(layer.scaledParameter)")
        guard weight.map({ layer.layout.fits($0.shape, channels: layer.channels) }) ?? true else { return }
        var bias = [Double](repeating: 0, count: layer.channels)
        if hasBias {
            let specification = ParameterSpecification("bias", [layer.channels], .bias)
            let tensor = try given["bias"] ?? store.tensor(for: specification, of: node.name)
            guard tensor.shape == specification.shape else { return }
            bias = tensor.reals()
        }
        let largest =
            try weight.map { try layer.layout.largestMagnitudes(of: $0, channels: layer.channels) }
            ?? [Float](repeating: RandomWeights.largestMagnitude, count: layer.channels)
        let weightRank = layer.layout == .vector ? nil : weight?.shape.rank
        let rank = layer.hasChannelsLast ? ranks[node.outputs[0]] : weightRank ?? ranks[node.outputs[0]]

        var folding = ChannelFolding(bias: bias)
        var entry = FoldedLayer(layer: node.name)
        var value = node.outputs[0]
        while let reader = soleReaders[value],
            let correction = try? correction(by: source.nodes[reader], of: value, layer, rank: rank),
            let next = folding.followed(by: correction, largest: largest),
            // Kernels divide biases by the scales of integers.
            layer.layout != .vector || next.scale.allSatisfy({ $0 != 0 })
        {
            folding = next
            entry.add(correction, named: source.nodes[reader].name)
            target[reader] = id
            value = source.nodes[reader].outputs[0]
        }
        guard !entry.merged.isEmpty else { return }
        let numbers = folding.shift.map { Double(Float($0)) } + zip(folding.scale, largest).map { $0 * Double($1) }
        entry.largestWeight = weight == nil || layer.layout == .vector ? nil : numbers.map(\.magnitude).max()
        layers.append(entry)
        folded[id] = (
            layer.biased,
            FoldedWeights.Recipe(
                layout: layer.layout, parameter: layer.scaledParameter, scale: folding.scale, shift: folding.shift,
                weight: given["weight"])
        )
    }

    /// More channels than any layer has: a few numbers are kept for each.
    private static let channelLimit = 1 << 24

    /// Whether a layer is of a kind that can be merged, so that it is worth reading weights.
    private func mayMerge(_ node: Graph.Node) -> Bool {
        switch node.op {
        case is BatchNorm: true
        case is Multiply, is Add, is Subtract, is Divide: node.inputs.contains { constantLayer($0) != nil }
        default: false
        }
    }

    /// What a layer does to each channel of `value`; nil if it does something else.
    private func correction(
        by node: Graph.Node, of value: Graph.ValueID, _ layer: FoldableLayer, rank: Int?
    ) throws -> ChannelCorrection? {
        if let op = node.op as? BatchNorm {
            guard layer.isNormalizedPerChannel(rank: rank), node.inputs[0] == value else { return nil }
            var parameters = try givenParameters(of: node)
            for specification in try op.parameters(for: [[1, layer.channels]])
            where parameters[specification.name] == nil {
                parameters[specification.name] = try store.tensor(for: specification, of: node.name)
            }
            guard parameters.values.allSatisfy({ $0.shape == [layer.channels] }) else { return nil }
            return try ChannelCorrection(op, parameters)
        }
        guard node.inputs.count == 2, let other = node.inputs.first(where: { $0 != value }),
            let shape = try constantLayer(other)?.op.outputShapes(for: [])[0], layer.isPerChannel(shape, rank: rank),
            let constant = try constant(other)
        else { return nil }
        return ChannelCorrection(node.op, constant: constant, isFirst: node.inputs[0] == other)
    }

    /// The weights that are given to a layer as inputs.
    ///
    /// - Throws: `notSupported` if one of them is not a constant.
    private func givenParameters(of node: Graph.Node) throws -> [String: Tensor] {
        var parameters: [String: Tensor] = [:]
        for (role, value) in try zip(node.op.roles(count: node.inputs.count), node.inputs).dropFirst() {
            guard let tensor = try constant(value) else {
                throw TesseraError(.notSupported, "'\(role)' is not known beforehand")
            }
            parameters[role] = tensor
        }
        return parameters
    }

    /// The layer that makes a value which is always the same; nil if it depends on inputs, or is not of f32.
    private func constantLayer(_ value: Graph.ValueID) -> (name: String, op: Constant)? {
        guard let producer = source.values[value].producer, let op = source.nodes[producer].op as? Constant,
            op.type == .f32
        else { return nil }
        return (source.nodes[producer].name, op)
    }

    /// The tensor that a value always is; nil if it depends on inputs, or is not of f32.
    private func constant(_ value: Graph.ValueID) throws -> Tensor? {
        guard let layer = constantLayer(value) else { return nil }
        var parameters: [String: Tensor] = [:]
        for specification in try layer.op.parameters(for: []) {
            parameters[specification.name] = try store.tensor(for: specification, of: layer.name)
        }
        return try layer.op.forward([], parameters: parameters)[0]
    }

    // MARK: Joining

    /// The graph of the layers that are left. The names of those that were merged stand for what they were merged into.
    func graph() throws -> Graph {
        var graph = Graph()
        var values: [Graph.ValueID: Graph.ValueID] = [:]
        for input in source.inputs {
            values[input.value] = try graph.addInput(input.name, shape: input.shape, elementType: input.elementType)
        }
        let isRead = readValues()
        for (id, node) in source.nodes.enumerated() {
            if let layer = target[id] {
                values[node.outputs[0]] = values[source.nodes[layer].outputs[0]]
                continue
            }
            let isUnused = node.op is Constant && !consumers[node.outputs[0]].isEmpty && !isRead[node.outputs[0]]
            if isUnused { continue }
            let inputs = folded[id] == nil ? node.inputs : [node.inputs[0]]
            let first = try graph.addNode(
                node.name, folded[id]?.op ?? node.op, inputs: inputs.compactMap { values[$0] }, location: node.location)
            for (offset, value) in node.outputs.enumerated() { values[value] = first + offset }
        }
        for alias in source.aliases {
            if let value = values[alias.value] { try graph.addAlias(alias.name, kind: alias.kind, of: value) }
        }
        for id in target.keys.sorted() {
            let node = source.nodes[id]
            if let value = values[node.outputs[0]] { try graph.addAlias(node.name, kind: node.op.name, of: value) }
        }
        for output in source.outputs {
            if let value = values[output.value] { try graph.addOutput(output.name, value) }
        }
        return graph
    }

    /// Whether somebody still wants each value.
    private func readValues() -> [Bool] {
        var isRead = source.values.indices.map(outputs.contains)
        for (id, node) in source.nodes.enumerated() where target[id] == nil {
            for value in folded[id] == nil ? node.inputs : [node.inputs[0]] { isRead[value] = true }
        }
        return isRead
    }
}

extension FoldedLayer {
    fileprivate mutating func add(_ correction: ChannelCorrection, named name: String) {
        merged.append(name)
        largestVariance = [largestVariance, correction.largestVariance].compactMap { $0 }.max()
        largestParameter = max(largestParameter, correction.largestParameter)
    }
}
