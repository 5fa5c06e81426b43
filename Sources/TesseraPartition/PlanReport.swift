import TesseraCore

/// A plan as `tessera plan --json` prints it. Regions are half-open ranges [from, to) for every axis.
public struct PlanReport: Codable, Sendable {
    public struct Stage: Codable, Sendable {
        public let output: String
        public let shape: [Int]
        public let layers: [String]
        public let tiles: [Tile]
    }

    public struct Tile: Codable, Sendable {
        /// Counted from 1.
        public let node: Int
        public let region: [[Int]]
        public let inputs: [String: [[Int]]]
        /// The sub-map after every layer.
        public let layers: [String: [[Int]]]
        public let macs: Int
        public let bytesIn: Int
        public let bytesOut: Int

        enum CodingKeys: String, CodingKey {
            case node, region, inputs, layers, macs
            case bytesIn = "bytes_in"
            case bytesOut = "bytes_out"
        }
    }

    public let strategy: String
    public let nodes: Int
    public let redundancy: Double
    public let speedupBound: Double
    /// Through the leader.
    public let bytesMoved: Int
    /// If nodes send each other what is missing.
    public let bytesExchanged: Int
    public let stages: [Stage]
    /// The layers that the leader runs at the end.
    public let rest: [String]
    /// What the strategy has to say; left out if that is nothing.
    public let notes: [String]?

    enum CodingKeys: String, CodingKey {
        case strategy, nodes, redundancy, stages, rest, notes
        case speedupBound = "speedup_bound"
        case bytesMoved = "bytes_moved"
        case bytesExchanged = "bytes_exchanged"
    }

    public init(_ plan: Plan) {
        let graph = plan.graph.graph
        strategy = plan.strategy
        nodes = plan.nodeCount
        redundancy = plan.redundancy
        speedupBound = plan.speedupBound
        bytesMoved = plan.bytesMoved
        notes = plan.notes.isEmpty ? nil : plan.notes
        bytesExchanged = plan.bytesExchanged
        rest = plan.remainingLayers.map { graph.nodes[$0].name }
        stages = plan.stages.map { stage in
            Stage(
                output: graph.values[stage.output].name, shape: plan.graph.shapes[stage.output].dimensions,
                layers: stage.layers.map { graph.nodes[$0].name },
                tiles: stage.tiles.map { tile in
                    Tile(
                        node: tile.node + 1, region: tile.region.bounds,
                        inputs: Dictionary(
                            uniqueKeysWithValues: tile.inputs.map { (graph.values[$0.value].name, $0.region.bounds) }),
                        layers: Dictionary(
                            uniqueKeysWithValues: tile.layers.map { layer in
                                (graph.values[graph.nodes[layer.node].outputs[layer.output]].name, layer.region.bounds)
                            }),
                        macs: tile.convolutionMultiplyAccumulates(in: graph), bytesIn: tile.inputByteCount,
                        bytesOut: tile.outputByteCount)
                })
        }
    }
}

extension Region {
    /// Half-open ranges for every axis.
    package var bounds: [[Int]] { ranges.map { [$0.lowerBound, $0.upperBound] } }
}
