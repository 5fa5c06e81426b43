import TesseraCore

/// A region of a value that goes from whoever holds it to a node that needs it for a tile.
public struct Transfer: Sendable, Equatable {
    /// Who has something: the leader (the network's inputs), or a node of the plan, counted from 0, that made it.
    public enum Holder: Sendable, Hashable {
        case leader
        case node(Int)
    }

    public let value: Graph.ValueID
    public let region: Region
    public let source: Holder
    public let byteCount: Int

    init(_ region: Region, of value: Graph.ValueID, from source: Holder, elementType: ElementType) {
        (self.value, self.region, self.source) = (value, region, source)
        byteCount = Shape.saturatingProduct(region.elementCount, elementType.byteCount)
    }
}

extension Plan {
    /// What every tile of a stage needs, piece by piece: by tile (index in `stage.tiles`) the pieces of each of its inputs.
    ///
    /// Pieces whose source is the tile's own node do not move. The pieces of one input are disjoint and together are its
    /// region. In order of the inputs, then of the tiles that made them.
    public func transfers(into stage: Int) -> [[Transfer]] {
        guard stages.indices.contains(stage) else { return [] }
        let read = Set(stages[stage].tiles.flatMap { $0.inputs.map(\.value) })
        let makers = Dictionary(
            uniqueKeysWithValues: stages[..<stage].filter { read.contains($0.output) }.map { stage in
                (stage.output, (stage.tiles, RegionIndex(stage.tiles.map(\.region))))
            })
        return stages[stage].tiles.map { tile in
            tile.inputs.flatMap { input in
                guard let (owners, index) = makers[input.value] else {
                    return [Transfer(input.region, of: input.value, from: .leader, elementType: input.elementType)]
                }
                return index.regions(thatOverlap: input.region).compactMap { position in
                    let owner = owners[position]
                    return owner.region.intersection(input.region).map {
                        Transfer($0, of: input.value, from: .node(owner.node), elementType: input.elementType)
                    }
                }
            }
        }
    }

    /// The stages whose output the remaining layers read, or is an output of the network.
    public var collectedStages: Set<Int> {
        let read = Set(
            remainingLayers.flatMap { graph.graph.nodes[$0].inputs } + graph.graph.outputs.map(\.value))
        return Set(stages.indices.filter { read.contains(stages[$0].output) })
    }

    /// What the leader needs at the end: every piece of the output of every such stage, in order of the stages, then of their tiles.
    public func collections() -> [Transfer] {
        collectedStages.sorted().map { stages[$0] }.flatMap { stage in
            stage.tiles.map {
                Transfer(
                    $0.region, of: stage.output, from: .node($0.node), elementType: graph.elementTypes[stage.output])
            }
        }
    }

    /// Bytes that leave a node or the leader if nodes send each other just what is missing: what a node made itself costs
    /// nothing, and the leader gets what it needs at the end.
    public var bytesExchanged: Int {
        let moved = stages.indices.reduce(0) { sum, index in
            zip(stages[index].tiles, transfers(into: index)).reduce(sum) { sum, needs in
                needs.1.filter { $0.source != .node(needs.0.node) }
                    .reduce(sum) { Shape.saturatingSum($0, $1.byteCount) }
            }
        }
        return collections().reduce(moved) { Shape.saturatingSum($0, $1.byteCount) }
    }
}
