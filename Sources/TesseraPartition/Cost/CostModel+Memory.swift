import TesseraCore
import TesseraOperators

/// What a plan takes of a device's memory, in bytes.
public struct MemoryUse: Sendable, Equatable {
    /// Of all layers that the device runs.
    public var weights = 0
    /// The most that values take at any one time: what layers read and make, in the kernels' own order, and beside it inputs and
    /// results as they come and go.
    public var activations = 0

    public init(weights: Int = 0, activations: Int = 0) { (self.weights, self.activations) = (weights, activations) }

    /// What weights of a node's tiles take: they are there as they arrived, and as kernels read them.
    public static func weights(ofTiles byteCount: Int) -> Int { Shape.saturatingProduct(2, byteCount) }

    /// What a tile takes besides its weights.
    ///
    /// - Parameters:
    ///   - values: the most that its layers read and make at one time.
    ///   - inputs: what arrives.
    ///   - output: what is made, of which all may be on its way while it is kept.
    public static func activations(ofTile values: Int, inputs: Int, output: Int) -> Int {
        [inputs, output, output].reduce(values, Shape.saturatingSum)
    }

    public var total: Int { Shape.saturatingSum(weights, activations) }
}

extension CostModel {
    /// What a plan takes, by endpoint, what the leader runs at the end among it.
    public func memory(of plan: Plan) -> [MemoryUse] {
        var uses = tileMemory(of: plan)
        let leader = cluster.leaderEndpoint
        while uses.count < cluster.endpointCount { uses.append(MemoryUse()) }
        let rest = remainingMemory(of: plan)
        uses[leader].weights = Shape.saturatingSum(uses[leader].weights, rest.weights)
        uses[leader].activations = max(uses[leader].activations, rest.activations)
        return uses
    }

    /// A weight, or the part of it that makes some of the channels.
    private struct WeightPart: Hashable {
        var layer: Graph.NodeID
        var name: String
        var region: Region
    }

    /// What the tiles of a plan take, by node, in f32. A node keeps the weights of all its tiles, and runs one tile after the other.
    public func tileMemory(of plan: Plan) -> [MemoryUse] {
        var uses = [MemoryUse](repeating: MemoryUse(), count: plan.nodeCount)
        var held: [[WeightPart: Int]] = uses.map { _ in [:] }
        for tile in plan.stages.flatMap(\.tiles) where uses.indices.contains(tile.node) {
            for layer in tile.layers {
                for parameter in layers[layer.node].weights {
                    let region = layer.tile.parameters[parameter.name] ?? Region(whole: parameter.shape)
                    held[tile.node][WeightPart(layer: layer.node, name: parameter.name, region: region)] =
                        Shape.saturatingProduct(region.elementCount, parameter.elementType.byteCount)
                }
            }
            let inputs = tile.inputs.map { (value: $0.value, bytes: $0.byteCount) }
            let made = tile.layers.map { layer in
                (layer.node, graph.graph.nodes[layer.node].outputs[layer.output], layer.region.elementCount)
            }
            let values = activations(inputs: inputs, making: made, keeping: [tile.output])
            let arrived = inputs.reduce(0) { Shape.saturatingSum($0, $1.bytes) }
            uses[tile.node].activations = max(
                uses[tile.node].activations,
                MemoryUse.activations(ofTile: values, inputs: arrived, output: tile.outputByteCount))
        }
        for node in uses.indices {
            uses[node].weights = MemoryUse.weights(ofTiles: held[node].values.reduce(0, Shape.saturatingSum))
        }
        return uses
    }

    /// What the layers take that are left to the leader.
    private func remainingMemory(of plan: Plan) -> MemoryUse {
        let source = graph.graph
        let layers = plan.remainingLayers
        let made = layers.flatMap { id in source.nodes[id].outputs.map { (id, $0, graph.shapes[$0].elementCount) } }
        let makes = Set(made.map { $0.1 })
        let outputs = Set(source.outputs.map(\.value))
        let read = Set(layers.flatMap { source.nodes[$0].inputs }).union(outputs).subtracting(makes)
        let inputs = read.map { (value: $0, bytes: graph.byteCount(of: $0)) }
        let values = activations(inputs: inputs, making: made, keeping: outputs)
        let beside = layers.isEmpty ? [] : inputs.map(\.bytes) + outputs.map { graph.byteCount(of: $0) }
        // Its weights are read from their file as kernels want them, and results stay where they are.
        return MemoryUse(
            weights: layers.reduce(0) { Shape.saturatingSum($0, self.layers[$1].weightByteCount) },
            activations: beside.reduce(values, Shape.saturatingSum))
    }

    /// The most bytes that are alive at one time while layers run in order; a value is alive until its last reader has run.
    private func activations(
        inputs: [(value: Graph.ValueID, bytes: Int)],
        making made: [(layer: Graph.NodeID, value: Graph.ValueID, elements: Int)], keeping kept: Set<Graph.ValueID>
    ) -> Int {
        var lastReader: [Graph.ValueID: Int] = [:]
        for (index, step) in made.enumerated() {
            for value in graph.graph.nodes[step.layer].inputs { lastReader[value] = index }
        }
        var alive = Dictionary(inputs.map { ($0.value, $0.bytes) }, uniquingKeysWith: max)
        var current = alive.values.reduce(0, Shape.saturatingSum)
        var most = current
        for (index, step) in made.enumerated() {
            let bytes = Shape.saturatingProduct(step.elements, graph.elementTypes[step.value].byteCount)
            // What is computed within the layer before it takes that one's place.
            let isInPlace = layers[step.layer].isMerged
            if !isInPlace { most = max(most, Shape.saturatingSum(current, bytes)) }
            alive[step.value] = bytes
            current = Shape.saturatingSum(current, bytes)
            for value in Set(graph.graph.nodes[step.layer].inputs)
            where lastReader[value] == index && !kept.contains(value) {
                current -= alive.removeValue(forKey: value) ?? 0
            }
        }
        return max(most, current)
    }

    /// The endpoints that a plan asks more memory of than they have, in words.
    public func memoryProblems(of plan: Plan) -> [String] {
        memory(of: plan).enumerated().compactMap { endpoint, use in
            let device = cluster.device(at: endpoint)
            guard let budget = device.memory, Double(use.total) > budget else { return nil }
            return "\(device.name) needs \(ByteCount(use.total)) and has \(ByteCount(Int(budget)))"
        }
    }
}
