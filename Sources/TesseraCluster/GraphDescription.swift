import TesseraCore

/// A graph as it travels: operators by name and keys, weights by hash (METHODS.md A1).
public struct GraphDescription: Codable, Sendable {
    struct Input: Codable {
        let name: String
        let shape: [Int]
        let elementType: ElementType
    }

    struct Node: Codable {
        let name: String
        let op: String
        let keys: Configuration
        let inputs: [Int]
        let parameters: [String: ContentHash]
    }

    struct Output: Codable {
        let name: String
        let value: Int
    }

    let inputs: [Input]
    let nodes: [Node]
    let outputs: [Output]

    /// Describes a graph and gives, along with it, the weights that the hashes name.
    public static func describe(_ graph: BoundGraph) -> (GraphDescription, [ContentHash: Tensor]) {
        var weights: [ContentHash: Tensor] = [:]
        let parameters = graph.parameters.map { parameters in
            parameters.mapValues { tensor in
                let hash = ContentHash(tensor)
                weights[hash] = tensor
                return hash
            }
        }
        return (GraphDescription(graph, parameters: parameters), weights)
    }

    /// - Parameter parameters: the hashes of every node's weights, by its identifier.
    private init(_ graph: BoundGraph, parameters: [[String: ContentHash]]) {
        inputs = graph.graph.inputs.map {
            Input(name: $0.name, shape: graph.shapes[$0.value].dimensions, elementType: $0.elementType)
        }
        nodes = zip(graph.graph.nodes, parameters).map { node, parameters in
            Node(
                name: node.name, op: node.op.name, keys: node.op.configuration, inputs: node.inputs,
                parameters: parameters)
        }
        outputs = graph.graph.outputs.map { Output(name: $0.name, value: $0.value) }
    }

    /// What the graph that was made of this description comes to here: the same, unless this build understands it otherwise.
    func redescribed(as graph: BoundGraph) -> GraphDescription {
        let parameters = Dictionary(nodes.map { ($0.name, $0.parameters) }) { first, _ in first }
        return GraphDescription(graph, parameters: graph.graph.nodes.map { parameters[$0.name] ?? [:] })
    }

    /// Nil for a weight that the layer does not have.
    func hash(ofLayer layer: Graph.NodeID, weight name: String) -> ContentHash? {
        nodes.indices.contains(layer) ? nodes[layer].parameters[name] : nil
    }

    /// The graph again, with weights from `weights`.
    ///
    /// - Parameter weights: gives the tensor of a hash, nil for one that this node does not need.
    /// - Throws: `notFound` for an operator that this build does not have, and whatever building the graph throws.
    func graph(operators: Registry<any Operator>, weights: (ContentHash) -> Tensor?) throws -> BoundGraph {
        var graph = Graph()
        for input in inputs {
            try graph.addInput(input.name, shape: SymbolicShape(Shape(input.shape)), elementType: input.elementType)
        }
        for node in nodes {
            try graph.addNode(node.name, operators.make(node.op, node.keys), inputs: node.inputs)
        }
        for output in outputs { try graph.addOutput(output.name, output.value) }
        let parameters = Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0.parameters) })
        return try BoundGraph(graph, inputs: [:]) { node, specification in
            guard let hash = parameters[node.name]?[specification.name] else {
                throw TesseraError(.protocolViolation, "expected a hash for weight '\(specification.name)'")
            }
            return weights(hash)
        }
    }
}
