import TesseraCore
import TesseraOperators

/// What a plan takes of a node's memory, in bytes.
public struct NodeMemory: Sendable, Equatable {
    /// Of the layers of all its tiles, in f32.
    public var weights: Int
    /// The most that values take at any one time, what the tile reads and what it makes among them.
    public var activations: Int

    public var total: Int { Shape.saturatingSum(weights, activations) }
}

extension Plan {
    /// What every node needs if it keeps the weights of all its tiles and runs one tile after the other.
    public var memory: [NodeMemory] {
        var memory = [NodeMemory](repeating: NodeMemory(weights: 0, activations: 0), count: nodeCount)
        var held = [[WeightPart: Int]](repeating: [:], count: nodeCount)
        for tile in stages.flatMap(\.tiles) {
            memory[tile.node].activations = max(memory[tile.node].activations, largestActivations(of: tile))
            held[tile.node].merge(weights(of: tile)) { first, _ in first }
        }
        for node in memory.indices { memory[node].weights = held[node].values.reduce(0, Shape.saturatingSum) }
        return memory
    }

    /// A weight, or the part of it that makes some of the channels.
    private struct WeightPart: Hashable {
        var layer: Graph.NodeID
        var name: String
        var region: Region
    }

    /// The bytes of every weight that a tile needs.
    private func weights(of tile: Tile) -> [WeightPart: Int] {
        var bytes: [WeightPart: Int] = [:]
        for layer in tile.layers {
            let node = graph.graph.nodes[layer.node]
            for weight in (try? node.op.parameters(for: graph.inputShapes(of: node))) ?? [] {
                let region = layer.tile.parameters[weight.name] ?? Region(whole: weight.shape)
                bytes[WeightPart(layer: layer.node, name: weight.name, region: region)] =
                    Shape.saturatingProduct(region.elementCount, weight.elementType.byteCount)
            }
        }
        return bytes
    }

    /// The most bytes of values that are alive together while a tile's layers run in order; a value is alive until its last
    /// reader has run.
    private func largestActivations(of tile: Tile) -> Int {
        var lastReader: [Graph.ValueID: Int] = [:]
        for (index, layer) in tile.layers.enumerated() {
            for value in graph.graph.nodes[layer.node].inputs { lastReader[value] = index }
        }
        var alive = Dictionary(uniqueKeysWithValues: tile.inputs.map { ($0.value, $0.byteCount) })
        var current = tile.inputByteCount
        var most = current
        for (index, layer) in tile.layers.enumerated() {
            let node = graph.graph.nodes[layer.node]
            let made = node.outputs[layer.output]
            let bytes = Shape.saturatingProduct(layer.region.elementCount, graph.elementTypes[made].byteCount)
            current = Shape.saturatingSum(current, bytes)
            most = max(most, current)
            alive[made] = bytes
            for value in Set(node.inputs) where lastReader[value] == index && value != tile.output {
                current -= alive.removeValue(forKey: value) ?? 0
            }
        }
        return most
    }
}
