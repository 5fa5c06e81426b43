import TesseraCore

/// A network as its file describes it: the graph, with sizes that may be left open, and where its weights come from.
public struct Network: Sendable {
    public var name: String
    public let graph: Graph
    /// How each graph input is given, by name.
    public let inputs: [String: InputDeclaration]
    /// How each graph output is shown, by name.
    public let outputs: [String: OutputDeclaration]
    /// The file it was read from, if any.
    public let file: String?
    private let store: WeightStore

    public init(
        name: String, graph: Graph, inputs: [String: InputDeclaration], outputs: [String: OutputDeclaration] = [:],
        weights: WeightSource, file: String? = nil
    ) {
        self.name = name
        self.graph = graph
        self.inputs = inputs
        self.outputs = outputs
        self.file = file
        store = WeightStore(weights)
    }

    /// Where the weights come from.
    public var weights: WeightSource { store.source }

    /// The same network with other weights.
    public func replacingWeights(_ weights: WeightSource) -> Network {
        Network(name: name, graph: graph, inputs: inputs, outputs: outputs, weights: weights, file: file)
    }

    /// The graph with all sizes known and all weights at hand.
    ///
    /// - Parameter inputs: the shape of every input whose declared shape leaves sizes open.
    /// - Throws: `shapeMismatch`, with the layer, if something does not fit; `notFound` for a missing weight.
    public func bound(inputs: [String: Shape] = [:]) throws -> BoundGraph {
        try BoundGraph(graph, inputs: inputs, parameter: weight)
    }

    /// The weight that a layer wants.
    ///
    /// - Throws: `notFound` if it is missing, with the nearest name.
    @Sendable public func weight(of node: Graph.Node, _ specification: ParameterSpecification) throws -> Tensor? {
        try store.tensor(for: specification, of: node.name)
    }
}
