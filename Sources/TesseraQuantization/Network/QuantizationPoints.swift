import TesseraCore
import TesseraOperators

/// The values of a network that become integers, so that given layers compute with integers, and layers between them move integers.
struct QuantizationPoints {
    /// Values in groups that share a scale, in order.
    private(set) var groups: [[Graph.ValueID]]

    /// All of them.
    var values: Set<Graph.ValueID> { Set(groups.joined()) }

    /// - Parameter layers: those that compute with integers.
    init(_ graph: Graph, layers: Set<Graph.NodeID>) {
        let producers = graph.values.map(\.producer)
        let readers = graph.soleReaders
        var parent: [Graph.ValueID: Graph.ValueID] = [:]
        var pending = graph.nodes.indices.filter(layers.contains).map { graph.nodes[$0].inputs[0] }
        func root(_ value: Graph.ValueID) -> Graph.ValueID {
            var value = value
            while let next = parent[value], next != value { value = next }
            return value
        }
        // Layers whose sum with something else is made by their own kernels.
        func isFusable(_ value: Graph.ValueID, with sum: Graph.NodeID) -> Bool {
            guard let producer = producers[value], readers[value] == sum else { return false }
            return layers.contains(producer)
        }
        for (id, node) in graph.nodes.enumerated() where node.op is Add && node.inputs.count == 2 {
            // The layer that comes last does the sum, and then needs the other operand, and the result, as integers.
            let fusable = node.inputs.filter { isFusable($0, with: id) }
            guard let own = fusable.max(), let end = Self.end(ofChainFrom: node.outputs[0], graph, readers) else {
                continue
            }
            pending += node.inputs.filter { $0 != own } + [end]
        }
        while let value = pending.popLast() {
            guard parent[value] == nil else { continue }
            parent[value] = value
            guard let producer = producers[value] else { continue }
            let node = graph.nodes[producer]
            if node.movesElements {
                for input in node.inputs {
                    if parent[input] == nil { pending.append(input) }
                }
            } else if node.op is Add, node.inputs.count == 2,
                !node.inputs.contains(where: { isFusable($0, with: producer) })
            {
                pending += node.inputs
            }
        }
        // All that is moved has one scale, before and after.
        for node in graph.nodes where node.movesElements && parent[node.outputs[0]] != nil {
            for input in node.inputs where parent[input] != nil { parent[root(input)] = root(node.outputs[0]) }
        }
        let members = Dictionary(grouping: parent.keys) { root($0) }
        groups = members.values.map { $0.sorted() }.sorted { $0[0] < $1[0] }
    }

    /// The value after the functions that follow one, each the only reader of the one before it; nil if it is an output of the network.
    fileprivate static func end(
        ofChainFrom value: Graph.ValueID, _ graph: Graph, _ readers: [Graph.NodeID?]
    ) -> Graph.ValueID? {
        var value = value
        while let reader = readers[value], graph.nodes[reader].op is any PointwiseUnary {
            value = graph.nodes[reader].outputs[0]
        }
        return graph.outputs.contains { $0.value == value } ? nil : value
    }
}

/// Which layers without weights read integers, once some values are quantized: those that move them, and sums whose results are.
struct IntegerReaders {
    let graph: Graph
    let quantized: Set<Graph.ValueID>
    private let readers: [Graph.NodeID?]

    init(graph: Graph, quantized: Set<Graph.ValueID>) {
        (self.graph, self.quantized, readers) = (graph, quantized, graph.soleReaders)
    }

    func computesWithIntegers(_ node: Graph.Node) -> Bool {
        if node.movesElements { return quantized.contains(node.outputs[0]) }
        guard node.op is Add else { return false }
        return QuantizationPoints.end(ofChainFrom: node.outputs[0], graph, readers).map(quantized.contains) ?? false
    }
}

extension Graph.Node {
    /// Whether all that the layer makes are elements that it reads, or zeros, so that integers can be moved in place of numbers.
    fileprivate var movesElements: Bool {
        switch op {
        case is MaxPool, is GlobalMaxPool: outputs.count == 1
        case is Flatten, is Reshape, is Squeeze, is Unsqueeze, is Slice, is Transpose, is DepthToSpace, is SpaceToDepth:
            inputs.count == 1
        case is Concat: true
        case let pad as Pad: pad.mode == .constant && pad.value == 0 && inputs.count == 1
        default: false
        }
    }
}
