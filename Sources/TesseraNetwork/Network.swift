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
    /// Where blocks are used, by the name of the use, which the names of the layers in it begin with.
    var blockUses: [String: BlockUse] = [:]
    /// What was merged, if this is a folded network; see `folded`.
    public let foldedLayers: [FoldedLayer]
    let store: WeightStore
    /// The weights of the layers into which others were merged.
    let folding: FoldedWeights?
    let foldingCache = FoldingCache()

    /// - Parameter formats: what reads weight files that are no safetensors files.
    public init(
        name: String, graph: Graph, inputs: [String: InputDeclaration], outputs: [String: OutputDeclaration] = [:],
        weights: WeightSource, file: String? = nil, formats: [any WeightFileFormat] = []
    ) {
        self.init(
            name: name, graph: graph, inputs: inputs, outputs: outputs, file: file,
            store: WeightStore(weights, formats: formats))
    }

    private init(
        name: String, graph: Graph, inputs: [String: InputDeclaration], outputs: [String: OutputDeclaration],
        file: String?, store: WeightStore, folding: FoldedWeights? = nil, foldedLayers: [FoldedLayer] = []
    ) {
        self.name = name
        self.graph = graph
        self.inputs = inputs
        self.outputs = outputs
        self.file = file
        self.store = store
        self.folding = folding
        self.foldedLayers = foldedLayers
    }

    /// Where the weights come from.
    public var weights: WeightSource { store.source }

    /// The network with the value of every layer as an output of that name, declared in no way: to look at what is computed.
    public func showingAllValues() throws -> Network {
        try Network(
            name: name, graph: graph.replacingOutputs(graph.nodes.flatMap(\.outputs)), inputs: inputs, outputs: [:],
            file: file, store: store, folding: folding, foldedLayers: foldedLayers)
    }

    /// A network of other layers with the same inputs and outputs, which has the weights of this one and those of `folding`.
    func replacing(graph: Graph, folding: FoldedWeights?, foldedLayers: [FoldedLayer]) -> Network {
        var network = Network(
            name: name, graph: graph, inputs: inputs, outputs: outputs, file: file, store: store, folding: folding,
            foldedLayers: foldedLayers)
        network.blockUses = blockUses
        return network
    }

    /// The same network with other weights. Those of a folded network are those of the layers that it has.
    public func replacingWeights(_ weights: WeightSource) -> Network {
        var network = Network(
            name: name, graph: graph, inputs: inputs, outputs: outputs, weights: weights, file: file,
            formats: store.formats)
        network.blockUses = blockUses
        return network
    }

    /// The graph with all sizes known and all weights at hand.
    ///
    /// - Parameter inputs: the shape of every input whose declared shape leaves sizes open.
    /// - Throws: `shapeMismatch`, with the layer, if something does not fit; `notFound` for a missing weight. All weights that
    ///   are missing or do not fit come as one error, each on a line.
    public func bound(inputs: [String: Shape] = [:]) throws -> BoundGraph {
        try binder(inputs: inputs).bound()
    }

    /// Binds the network as far as shapes do not depend on data.
    ///
    /// - Parameter inputs: the shape of every input whose declared shape leaves sizes open.
    /// - Throws: what `bound` throws.
    public func binder(inputs: [String: Shape] = [:]) throws -> GraphBinder {
        var problems = ProblemList()
        let inputs = inputs.merging(declaredShapes) { given, _ in given }
        let binder: GraphBinder
        do {
            binder = try GraphBinder(graph, inputs: inputs) { node, specification in
                do {
                    return try self.weight(of: node, specification)
                } catch let error as TesseraError where weights.isGiven && error.isAboutOneWeight {
                    problems.add(error.located(path: node.name, location: node.location), in: uses(of: node.name))
                    return nil
                }
            }
        } catch let error as TesseraError {
            try fail(with: error, beside: problems)
        }
        try problems.throwIfAny()
        if binder.unknown.isEmpty { try checkResults(binder.bound()) }
        return binder
    }

    /// The weight that a layer wants.
    ///
    /// - Throws: `notFound` if it is missing, with the nearest name.
    @Sendable public func weight(of node: Graph.Node, _ specification: ParameterSpecification) throws -> Tensor? {
        try folding?.tensor(for: specification, of: node.name, from: store)
            ?? store.tensor(for: specification, of: node.name)
    }

    /// The names of tensors in the weight file that no layer has asked for; if they are many, it may be that of another network.
    /// Empty before the network was bound for the first time. PyTorch's counters of batches, which nothing needs, are not among them.
    public var unusedWeights: [String] { store.unused.filter { !$0.hasSuffix(".num_batches_tracked") } }

    /// The graph with all sizes known, and without weights: to be looked at and planned, not to be run.
    ///
    /// - Parameter inputs: the shape of every input whose declared shape leaves sizes open.
    /// - Throws: `shapeMismatch`, with the layer, if something does not fit.
    public func boundWithoutWeights(inputs: [String: Shape] = [:]) throws -> BoundGraph {
        let inputs = inputs.merging(declaredShapes) { given, _ in given }
        let bound: BoundGraph
        do {
            bound = try BoundGraph(graph, inputs: inputs) { node, specification in
                // Shapes may follow from constants.
                node.op is Constant ? try? weight(of: node, specification) : nil
            }
        } catch let error as TesseraError {
            try fail(with: error)
        }
        try checkResults(bound)
        return bound
    }

    /// Throws an error of a layer, with the blocks that it is in, and the problems that were found before.
    private func fail(with error: TesseraError, beside problems: ProblemList = ProblemList()) throws -> Never {
        var problems = problems
        problems.add(error, in: error.path.map(uses) ?? [])
        try problems.throwIfAny()
        throw error
    }

    /// The blocks that a layer is in, outermost first.
    private func uses(of layer: String) -> [BlockUse] {
        guard !blockUses.isEmpty else { return [] }
        let ends = layer.indices.filter { layer[$0] == "." }
        return ends.compactMap { blockUses[String(layer[..<$0])] }
    }

    /// The shapes of inputs that a network file fixes, which may be more than the graph itself does.
    private var declaredShapes: [String: Shape] { inputs.compactMapValues(\.shape.concrete) }

    private func checkResults(_ bound: BoundGraph) throws {
        let outputs = bound.graph.outputs.map { ($0.name, bound.shapes[$0.value]) }
        try checkResults(Dictionary(outputs) { first, _ in first })
    }
}

extension WeightSource {
    /// False if the network does not say where weights come from, which would be said for each of them.
    fileprivate var isGiven: Bool {
        if case .none = self { false } else { true }
    }
}

extension TesseraError {
    /// False if a file cannot be read at all, which would be said for each of its tensors.
    fileprivate var isAboutOneWeight: Bool {
        switch code {
        case .notFound, .shapeMismatch, .notSupported, .invalidArgument: true
        default: false
        }
    }
}
