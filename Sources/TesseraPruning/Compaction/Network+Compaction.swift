import TesseraCore
import TesseraNetwork
import TesseraOperators

extension Network {
    /// The network without the pruned channels: physically smaller, with the same answer as the masked one (METHODS.md D11).
    ///
    /// Layers keep their names and their order. Inputs and outputs, and sizes that were open, remain as they are.
    ///
    /// - Parameters:
    ///   - dependencies: those of this network, bound with any sizes.
    ///   - weights: the weights in place of the network's own, by name.
    /// - Throws: `shapeMismatch` if weights do not fit.
    public func compacted(
        _ mask: PruningMask, _ dependencies: ChannelDependencies, weights: [String: Tensor]? = nil
    ) throws -> Network {
        var tensors = loadedWeights.merging(dependencies.weights) { $1 }.merging(weights ?? [:]) { $1 }
        for (name, positions) in dependencies.positions(mask) {
            guard let tensor = tensors.removeValue(forKey: name) else { continue }
            tensors[name] = try tensor.removing(positions)
        }
        let compaction = GraphCompaction(source: graph, dependencies: dependencies, mask: mask)
        return Network(
            name: name, graph: try compaction.graph(), inputs: inputs, outputs: outputs, weights: .tensors(tensors))
    }

    /// The same without weights, to see what it costs.
    public func compactedWithoutWeights(_ mask: PruningMask, _ dependencies: ChannelDependencies) throws -> Network {
        let graph = try GraphCompaction(source: graph, dependencies: dependencies, mask: mask).graph()
        return Network(name: name, graph: graph, inputs: inputs, outputs: outputs, weights: weights)
    }

    /// The network with other weights for the layers that pruning looks at, by name.
    ///
    /// Weights that were given as constants become weights of the layers that read them.
    public func rebuilt(_ dependencies: ChannelDependencies, weights: [String: Tensor]) throws -> Network {
        try compacted(PruningMask(), dependencies, weights: weights)
    }
}

/// Makes a graph anew without pruned channels.
struct GraphCompaction {
    let source: Graph
    let dependencies: ChannelDependencies
    let mask: PruningMask

    /// - Throws: `notFound` if the dependencies are those of another network.
    func graph() throws -> Graph {
        let bound = dependencies.graph
        let boundNodes = Dictionary(uniqueKeysWithValues: bound.graph.nodes.map { ($0.name, $0) })
        var graph = Graph()
        var values: [Graph.ValueID: Graph.ValueID] = [:]
        for input in source.inputs {
            values[input.value] = try graph.addInput(input.name, shape: input.shape, elementType: input.elementType)
        }
        let isRead = readValues(boundNodes)
        for node in source.nodes {
            let isUnused = node.op is Constant && !isRead[node.outputs[0]]
            if isUnused { continue }
            var (op, inputs) = (node.op, node.inputs)
            if let boundNode = boundNodes[node.name] {
                if let smaller = try compacted(boundNode) { op = smaller }
                if boundNode.inputs.count != node.inputs.count {
                    inputs = try boundNode.inputs.map { try source.value(named: bound.graph.values[$0].name) }
                    if try compacted(boundNode) == nil { op = boundNode.op }
                }
            }
            let first = try graph.addNode(
                node.name, op, inputs: inputs.compactMap { values[$0] }, location: node.location)
            for (offset, value) in node.outputs.enumerated() { values[value] = first + offset }
        }
        for alias in source.aliases {
            if let value = values[alias.value] { try graph.addAlias(alias.name, kind: alias.kind, of: value) }
        }
        for output in source.outputs {
            if let value = values[output.value] { try graph.addOutput(output.name, value) }
        }
        return graph
    }

    /// The operator over what is left; nil if it sees no difference.
    private func compacted(_ node: Graph.Node) throws -> (any Operator)? {
        let (inputs, outputs) = (
            node.inputs.map { dependencies.kept(of: $0, mask) }, node.outputs.map { dependencies.kept(of: $0, mask) }
        )
        guard (inputs + outputs).contains(where: { $0.contains { $0 != nil } }) else { return nil }
        let layer = CompactedLayer(
            inputShapes: dependencies.graph.inputShapes(of: node),
            outputShapes: dependencies.graph.outputShapes(of: node), inputs: inputs, outputs: outputs)
        return try (node.op as? any ChannelTraced)?.compacted(layer)
    }

    /// Whether a value of the source is still read, when weights that were given as constants belong to layers.
    private func readValues(_ boundNodes: [String: Graph.Node]) -> [Bool] {
        var isRead = source.values.map { _ in false }
        for output in source.outputs { isRead[output.value] = true }
        let names = Dictionary(source.values.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { a, _ in a })
        for node in source.nodes {
            guard let bound = boundNodes[node.name], bound.inputs.count != node.inputs.count else {
                for value in node.inputs { isRead[value] = true }
                continue
            }
            for value in bound.inputs {
                if let own = names[dependencies.graph.graph.values[value].name] { isRead[own] = true }
            }
        }
        return isRead
    }
}
