import TesseraCore

/// A weight that a node needs, or a region of one.
public struct WeightPart: Hashable, Sendable {
    public let layer: Graph.NodeID
    /// Which of the layer's weights, such as `bias`.
    public let name: String
    /// Nil for all of it.
    public let region: Region?

    public init(layer: Graph.NodeID, name: String, region: Region? = nil) {
        (self.layer, self.name, self.region) = (layer, name, region)
    }
}

extension Plan {
    /// What a node's tiles read of the weights: regions of those that they read in parts, unless these come to as much as the whole.
    public func weights(ofNode node: Int) throws -> Set<WeightPart> {
        var read: [WeightPart: Set<Region?>] = [:]
        var whole: [WeightPart: Shape] = [:]
        for layer in stages.flatMap(\.tiles).filter({ $0.node == node }).flatMap(\.layers) {
            let source = graph.graph.nodes[layer.node]
            for specification in try source.op.parameters(for: graph.inputShapes(of: source)) {
                let weight = WeightPart(layer: layer.node, name: specification.name)
                read[weight, default: []].insert(layer.tile.parameters[specification.name])
                whole[weight] = specification.shape
            }
        }
        return read.reduce(into: []) { parts, weight in
            let regions = weight.value.compactMap(\.self)
            let elementCount = regions.reduce(0) { Shape.saturatingSum($0, $1.elementCount) }
            guard regions.count == weight.value.count, elementCount < whole[weight.key]?.elementCount ?? 0 else {
                parts.insert(weight.key)
                return
            }
            for region in regions {
                parts.insert(WeightPart(layer: weight.key.layer, name: weight.key.name, region: region))
            }
        }
    }
}
