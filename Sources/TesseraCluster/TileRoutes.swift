import TesseraCore
import TesseraPartition

/// Where what every tile makes goes: derived from the plan, so that all nodes and the leader agree without saying it.
struct TileRoutes: Sendable {
    /// One tile of one stage.
    struct Place: Hashable, Sendable {
        let stage: Int
        let tile: Int
    }

    /// Some of what a tile makes, for another tile.
    struct Delivery: Sendable {
        /// The tile that needs it, and which of that tile's pieces it is.
        let target: Place
        let piece: Int
        /// Where it lies within the region that the source owns.
        let region: Region
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
    /// By stage and tile that makes them.
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
                        deliveries[maker][source].append(
                            Delivery(
                                target: Place(stage: stage, tile: tile), piece: own.count,
                                region: transfer.region.relative(to: owned)))
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

    /// What of one tile's result goes to each tile that needs some of it, in the order of stages and tiles.
    func deliveries(from place: Place) -> [(target: Place, parts: [Delivery])] {
        let all = deliveries[place.stage][place.tile]
        var order: [Place] = []
        for delivery in all where !order.contains(delivery.target) { order.append(delivery.target) }
        return order.map { target in (target, all.filter { $0.target == target }) }
    }
}

/// A piece of a tile's input: a part of a tensor that somebody has.
struct ArrivedPiece: Sendable {
    let index: Int
    let source: Tensor
    /// The part of it that is the piece.
    let region: Region

    init(_ index: Int, whole: Tensor) { (self.index, source, region) = (index, whole, Region(whole: whole.shape)) }
    init(_ index: Int, _ region: Region, of source: Tensor) {
        (self.index, self.source, self.region) = (index, source, region)
    }
}

/// The inputs of one tile, put together as their pieces arrive.
struct TileInputs {
    private let pieces: [TileRoutes.Piece]
    private var tensors: [Tensor?]
    private let inputs: [Tile.Input]
    private var missing: Set<Int>
    /// By input: memory of an earlier inference, for what is put together of several pieces.
    private var spares: [Tensor?]
    private var isPutTogether: [Bool]

    init(_ tile: Tile, pieces: [TileRoutes.Piece], spares: [Tensor?]) {
        self.pieces = pieces
        inputs = tile.inputs
        tensors = tile.inputs.map { _ in nil }
        isPutTogether = tile.inputs.map { _ in false }
        missing = Set(pieces.indices)
        self.spares = spares.isEmpty ? tile.inputs.map { _ in nil } : spares
    }

    var isComplete: Bool { missing.isEmpty }

    /// - Throws: `protocolViolation` for a piece that is none, or is there already; `outOfMemory`.
    mutating func add(_ piece: ArrivedPiece) throws {
        guard missing.remove(piece.index) != nil else {
            throw TesseraError(.protocolViolation, "piece \(piece.index) of a tile comes twice, or there is none")
        }
        let place = pieces[piece.index]
        let whole = inputs[place.input].region.shape
        // One piece may be all of it.
        if piece.source.shape == whole, piece.region == Region(whole: whole) {
            return tensors[place.input] = piece.source
        }
        var target =
            try tensors[place.input] ?? spares[place.input] ?? Tensor(zeros: whole, elementType: place.elementType)
        // Written to in place only by whoever alone refers to it.
        (tensors[place.input], spares[place.input]) = (nil, nil)
        try target.paste(piece.region, of: piece.source, at: place.region)
        tensors[place.input] = target
        isPutTogether[place.input] = true
    }

    /// Memory that later inferences may use once the tile is computed.
    func reusable(of tensors: [String: Tensor], in graph: Graph) -> [Tensor?] {
        zip(inputs, isPutTogether).map { $1 ? tensors[graph.values[$0.value].name] : nil }
    }

    /// All inputs, by the names of the values.
    func named(in graph: Graph) -> [String: Tensor] {
        Dictionary(
            zip(inputs, tensors).compactMap { input, tensor in tensor.map { (graph.values[input.value].name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}
