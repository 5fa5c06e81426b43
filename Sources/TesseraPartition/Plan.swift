import TesseraCore
import TesseraOperators

/// Who computes what: a list of stages, each with the region that every node makes, and the rest, which the leader runs.
///
/// What moves between nodes follows from what a tile needs and what others own. Every strategy ends in this one model.
public struct Plan: Sendable {
    public let graph: BoundGraph
    /// The name of the strategy that made it.
    public let strategy: String
    public let nodeCount: Int
    public let stages: [Stage]
    /// What the strategy has to say of it, for a person.
    public let notes: [String]

    /// Cuts `graph` for `nodes` nodes by a strategy.
    ///
    /// - Parameter end: the layer at which the cut span ends at the latest.
    /// - Throws: `invalidArgument` if the strategy's choices do not make a plan.
    public init(
        _ graph: BoundGraph, nodes: Int, strategy: any PartitionStrategy, named name: String, end: String? = nil
    ) throws {
        try Self.checkNodeCount(nodes)
        try self.init(graph, on: ClusterProfile(equalNodes: nodes), strategy: strategy, named: name, end: end)
    }

    /// - Throws: `invalidArgument` for a number of nodes that no plan has.
    public static func checkNodeCount(_ nodes: Int) throws {
        guard (1...4096).contains(nodes) else {
            throw TesseraError(.invalidArgument, "expected 1 to 4096 nodes, found \(nodes)")
        }
    }

    /// Cuts `graph` for the nodes of a cluster by a strategy.
    ///
    /// - Parameter end: the layer at which the cut span ends at the latest.
    /// - Throws: `invalidArgument` if the strategy's choices do not make a plan, and what the strategy throws.
    public init(
        _ graph: BoundGraph, on cluster: ClusterProfile, strategy: any PartitionStrategy, named name: String,
        end: String? = nil
    ) throws {
        let span = try Span(graph, end: end)
        let decision =
            span.allCutPoints.isEmpty
            ? PartitionDecision(stages: []) : try strategy.decision(for: span, on: cluster)
        try self.init(
            graph, nodes: cluster.nodes.count, choices: decision.stages, strategy: name, notes: decision.notes)
    }

    /// A plan of choices that were made already, here or by another node.
    public init(
        _ graph: BoundGraph, nodes: Int, choices: [StageChoice], strategy: String, notes: [String] = []
    ) throws {
        self.graph = graph
        self.strategy = strategy
        self.notes = notes
        nodeCount = nodes
        var available: Set<Graph.ValueID> = []
        stages = try choices.enumerated().map { index, choice in
            guard graph.graph.values.indices.contains(choice.output), !available.contains(choice.output) else {
                throw TesseraError(
                    .invalidArgument, "a stage makes value \(choice.output), which is none, or was made before")
            }
            let layers = graph.graph.layers(making: [choice.output], from: available)
            available.insert(choice.output)
            let label = "strategy '\(strategy)': stage \(index + 1) ('\(graph.graph.values[choice.output].name)')"
            return try Stage(choice, layers: layers, nodes: nodes, in: graph, label: label)
        }
    }

    /// The layers that are left to the leader, in order of execution.
    public var remainingLayers: [Graph.NodeID] {
        graph.graph.layers(making: graph.graph.outputs.map(\.value), from: Set(stages.map(\.output)))
    }

    /// What the leader runs at the end, over the network's inputs and the stitched outputs of the stages. Its inputs have the
    /// names of the values they stand for, its outputs those of the network.
    public func remainingNetwork() throws -> BoundGraph {
        let source = graph.graph
        let layers = remainingLayers
        let made = Set(layers.flatMap { source.nodes[$0].outputs })
        let read = layers.flatMap { source.nodes[$0].inputs } + source.outputs.map(\.value)
        let (rest, _) = try subgraph(
            layers, inputs: Set(read).subtracting(made).sorted(), outputs: source.outputs.map { ($0.name, $0.value) })
        return rest
    }

    /// The same stages over a graph of just their layers: what the nodes need to know. Values keep their names.
    public func spanOnly() throws -> Plan {
        let (span, ids) = try subgraph(
            Set(stages.flatMap(\.layers)).sorted(), inputs: graph.graph.inputs.map(\.value), outputs: [])
        let choices = stages.compactMap { stage in
            ids[stage.output].map { StageChoice(output: $0, tiles: stage.choice.tiles) }
        }
        return try Plan(span, nodes: nodeCount, choices: choices, strategy: strategy)
    }

    /// Some layers as a network of their own, and the new identifier of every value that is in it.
    private func subgraph(
        _ layers: [Graph.NodeID], inputs: [Graph.ValueID], outputs: [(name: String, value: Graph.ValueID)]
    ) throws -> (BoundGraph, [Graph.ValueID: Graph.ValueID]) {
        let source = graph.graph
        var part = Graph()
        var ids: [Graph.ValueID: Graph.ValueID] = [:]
        for value in inputs {
            ids[value] = try part.addInput(
                source.values[value].name, shape: SymbolicShape(graph.shapes[value]),
                elementType: graph.elementTypes[value])
        }
        var original: [String: Graph.NodeID] = [:]
        for id in layers {
            let node = source.nodes[id]
            original[node.name] = id
            let first = try part.addNode(
                node.name, node.op, inputs: node.inputs.compactMap { ids[$0] }, location: node.location)
            for (offset, value) in node.outputs.enumerated() { ids[value] = first + offset }
        }
        for output in outputs {
            guard let value = ids[output.value] else {
                throw TesseraError(.notFound, "output '\(output.name)' is made by nobody")
            }
            try part.addOutput(output.name, value)
        }
        let bound = try BoundGraph(part, inputs: [:]) { node, specification in
            original[node.name].flatMap { graph.parameters[$0][specification.name] }
        }
        return (bound, ids)
    }

    /// The nodes that make at least one tile.
    public var busyNodes: [Int] { Set(stages.flatMap { $0.tiles.map(\.node) }).sorted() }
}

// MARK: - What it costs

extension Plan {
    /// Multiply-accumulate operations of all tiles' convolutions over those of the whole span; 1 if nothing is done twice.
    public var redundancy: Double {
        let whole = spanMultiplyAccumulates
        guard whole > 0 else { return 1 }
        return Double(stages.flatMap(loads).reduce(0, Shape.saturatingSum)) / Double(whole)
    }

    /// The largest possible speed-up over one node, if moving data cost nothing: convolution operations of the span over those
    /// of the busiest node, stage by stage.
    public var speedupBound: Double {
        let slowest = stages.map { loads(of: $0).max() ?? 0 }.reduce(0, Shape.saturatingSum)
        return slowest > 0 ? Double(spanMultiplyAccumulates) / Double(slowest) : 1
    }

    /// How many times as many inferences a second as one node the plan allows at most, if moving data cost nothing and as many
    /// inferences were under way as there are stages: convolution operations of the span over those of the busiest node.
    public var throughputBound: Double {
        let loads = stages.map(loads).reduce([Int](repeating: 0, count: nodeCount)) {
            zip($0, $1).map(Shape.saturatingSum)
        }
        let busiest = loads.max() ?? 0
        return busiest > 0 ? Double(spanMultiplyAccumulates) / Double(busiest) : 1
    }

    /// Bytes that go to and from the tiles if all goes through the leader: their inputs, halos included, and their results.
    public var bytesMoved: Int {
        stages.reduce(0) { sum, stage in
            stage.tiles.reduce(sum) { $0 + $1.inputByteCount + $1.outputByteCount }
        }
    }

    /// Convolution operations of the span if it is not cut.
    public var spanMultiplyAccumulates: Int {
        let macs = graph.multiplyAccumulates
        return Set(stages.flatMap(\.layers)).filter { graph.graph.nodes[$0].op.isConvolution }.map { macs[$0] }
            .reduce(0, Shape.saturatingSum)
    }

    /// Convolution operations of a stage, by node.
    public func loads(of stage: Stage) -> [Int] {
        var loads = [Int](repeating: 0, count: nodeCount)
        for tile in stage.tiles {
            let own = tile.convolutionMultiplyAccumulates(in: graph.graph)
            loads[tile.node] = Shape.saturatingSum(loads[tile.node], own)
        }
        return loads
    }
}
