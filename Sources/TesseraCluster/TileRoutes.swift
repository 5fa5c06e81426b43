import TesseraCore
import TesseraPartition

/// Where what every tile makes goes: derived from the plan, so that all nodes and the leader agree without saying it.
struct TileRoutes: Sendable {
    /// One tile of one stage.
    struct Place: Hashable, Sendable {
        let stage: Int
        let tile: Int
    }

    /// What of a tile's result goes to one other tile.
    struct Delivery: Sendable {
        struct Part: Sendable {
            /// Which of the target's pieces it is.
            let piece: Int
            /// Where it lies within the region that the source owns.
            let region: Region
        }

        /// The tile that needs it.
        let target: Place
        fileprivate(set) var parts: [Part]
    }

    /// What a tile waits for, in the order of `Plan.transfers(into:)`.
    struct Piece: Sendable {
        /// The index in the tile's inputs.
        let input: Int
        /// Where it lies within that input.
        let region: Region
        let elementType: ElementType
        let source: Transfer.Holder
    }

    /// By stage and tile.
    let pieces: [[[Piece]]]
    /// By stage and tile that makes them, in the order of the targets' stages and tiles.
    let deliveries: [[[Delivery]]]
    /// Stages whose output the leader needs at the end.
    let collected: Set<Int>

    /// - Parameter collected: the stages whose output the leader needs, which a plan of the span alone does not tell.
    init(_ plan: Plan, collecting collected: Set<Int>) {
        let stageOf = Dictionary(uniqueKeysWithValues: plan.stages.enumerated().map { ($1.output, $0) })
        var pieces: [[[Piece]]] = []
        var deliveries: [[[Delivery]]] = plan.stages.map { $0.tiles.map { _ in [] } }
        for (stage, transfers) in plan.stages.indices.map({ ($0, plan.transfers(into: $0)) }) {
            pieces.append([])
            for (tile, transfers) in transfers.enumerated() {
                let inputs = plan.stages[stage].tiles[tile].inputs
                var own: [Piece] = []
                for transfer in transfers {
                    guard let input = inputs.firstIndex(where: { $0.value == transfer.value }) else { continue }
                    if case .node(let node) = transfer.source, let maker = stageOf[transfer.value],
                        let source = plan.stages[maker].tiles.firstIndex(where: {
                            $0.node == node && $0.region.contains(transfer.region)
                        })
                    {
                        let owned = plan.stages[maker].tiles[source].region
                        let target = Place(stage: stage, tile: tile)
                        if deliveries[maker][source].last?.target != target {
                            deliveries[maker][source].append(Delivery(target: target, parts: []))
                        }
                        let last = deliveries[maker][source].count - 1
                        deliveries[maker][source][last].parts.append(
                            .init(piece: own.count, region: transfer.region.relative(to: owned)))
                    }
                    own.append(
                        Piece(
                            input: input, region: transfer.region.relative(to: inputs[input].region),
                            elementType: inputs[input].elementType, source: transfer.source))
                }
                pieces[stage].append(own)
            }
        }
        self.pieces = pieces
        self.deliveries = deliveries
        self.collected = collected
    }

    /// The other nodes that a node sends pieces to or gets some from; none if it is no node of the plan.
    func neighbours(of node: Int?, in plan: Plan) -> Set<Int> {
        guard let node else { return [] }
        var result: Set<Int> = []
        for (stage, tiles) in pieces.enumerated() {
            for (tile, pieces) in tiles.enumerated() {
                let owner = plan.stages[stage].tiles[tile].node
                for case .node(let source) in pieces.map(\.source) where source != owner {
                    if owner == node { result.insert(source) }
                    if source == node { result.insert(owner) }
                }
            }
        }
        return result
    }
}
