import TesseraCore
import TesseraPartition
import TesseraRuntime

extension Tile {
    /// The precision of each layer of the tile's network: that of the layer it is a part of.
    ///
    /// - Parameters:
    ///   - choice: that of the whole.
    ///   - whole: the graph that the tile is a tile of.
    ///   - network: the tile's own, as `network(in:)` makes it. What it cuts out for a layer to read has that layer's precision,
    ///     so that cutting rounds nothing that the whole would not.
    func precision(_ choice: PrecisionChoice, in whole: Graph, as network: Graph) -> PrecisionChoice {
        guard !choice.layers.isEmpty else { return choice }
        var layers: [String: Precision] = [:]
        for layer in self.layers {
            let node = whole.nodes[layer.node]
            layers[whole.values[node.outputs[layer.output]].name] = choice[node.name]
        }
        for reader in network.nodes {
            guard let precision = layers[reader.name] else { continue }
            for cut in reader.inputs.compactMap({ network.values[$0].producer }).map({ network.nodes[$0].name })
            where layers[cut] == nil { layers[cut] = precision }
        }
        return PrecisionChoice(choice.base, layers: layers)
    }
}
