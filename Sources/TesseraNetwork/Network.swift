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
    /// - Throws: `shapeMismatch`, with the layer, if something does not fit; `notFound` for a missing weight. All weights that
    ///   are missing or do not fit come as one error, each on a line.
    public func bound(inputs: [String: Shape] = [:]) throws -> BoundGraph {
        let inputs = shapes(merging: inputs)
        let bound = try collectingWeightProblems { try BoundGraph(graph, inputs: inputs, parameter: $0) }
        try checkResults(bound)
        return bound
    }

    /// The graph with all sizes known, and without weights: to be looked at and planned, not to be run.
    ///
    /// - Parameter inputs: the shape of every input whose declared shape leaves sizes open.
    /// - Throws: `shapeMismatch`, with the layer, if something does not fit.
    public func boundWithoutWeights(inputs: [String: Shape] = [:]) throws -> BoundGraph {
        let bound = try BoundGraph(graph, inputs: shapes(merging: inputs)) { node, specification in
            // Shapes may follow from constants.
            node.op is Constant ? try? store.tensor(for: specification, of: node.name) : nil
        }
        try checkResults(bound)
        return bound
    }

    /// Runs `body` with the source of weights, and throws everything that is wrong with them as one error.
    ///
    /// - Returns: what `body` gives. The source stays valid, and then throws what is wrong where it is asked.
    public func collectingWeightProblems<Result>(
        _ body: (@escaping @Sendable (Graph.Node, ParameterSpecification) throws -> Tensor?) throws -> Result
    ) throws -> Result {
        let problems = WeightProblems()
        let store = store
        let result = Swift.Result {
            try body { node, specification in
                try problems.collect(node, store.source) { try store.tensor(for: specification, of: node.name) }
            }
        }
        // Whatever else went wrong may have gone wrong for want of a weight.
        try problems.finish()
        return try result.get()
    }

    /// The shapes of all inputs: those that are given, and those that the network file fixes, which may be more than the graph
    /// itself does.
    public func shapes(merging given: [String: Shape]) -> [String: Shape] {
        inputs.compactMapValues(\.shape.concrete).merging(given) { _, given in given }
    }

    /// Throws `shapeMismatch` if an output cannot be shown as it is declared.
    public func checkResults(_ bound: BoundGraph) throws {
        let outputs = bound.graph.outputs.map { ($0.name, bound.shapes[$0.value]) }
        try checkResults(Dictionary(outputs) { first, _ in first })
    }
}
