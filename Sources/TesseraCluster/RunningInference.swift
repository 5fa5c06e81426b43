import TesseraCore
import TesseraPartition

/// What the leader knows of one inference: which tiles are made, and what of the result is there.
struct RunningInference {
    struct Bytes {
        var sent = 0
        var received = 0
        var exchanged = 0
    }

    /// A piece of a tile that went by way of the leader.
    private struct PassedPiece: Hashable {
        let place: TileRoutes.Place
        let piece: Int
    }

    let start = ContinuousClock.now
    var bytes = Bytes()
    private let plan: Plan
    private let collected: Set<Int>
    private var unmade: Set<TileRoutes.Place>
    private var uncollected: Set<TileRoutes.Place> = []
    private var values: [Int: Tensor] = [:]
    private var passed: Set<PassedPiece> = []
    private var outcome: Result<[String: Tensor], any Error>?
    private var continuation: CheckedContinuation<[String: Tensor], any Error>?

    /// - Throws: `outOfMemory` if the values that are collected do not fit in memory.
    init(_ plan: Plan, _ routes: TileRoutes) throws {
        self.plan = plan
        collected = routes.collected
        let places = plan.stages.enumerated().flatMap { stage, content in
            content.tiles.indices.map { TileRoutes.Place(stage: stage, tile: $0) }
        }
        unmade = Set(places)
        uncollected = Set(places.filter { routes.collected.contains($0.stage) })
        for stage in routes.collected {
            let output = plan.stages[stage].output
            values[stage] = try Tensor(
                zeros: plan.graph.shapes[output], elementType: plan.graph.elementTypes[output])
        }
        if uncollected.isEmpty { outcome = .success([:]) }
    }

    /// The first stage with tiles that are not made.
    var earliestStage: Int? { unmade.map(\.stage).min() }

    /// What the inference waits for: tiles of that stage or, once all are made, what is not collected.
    var awaited: Set<TileRoutes.Place> {
        earliestStage.map { stage in unmade.filter { $0.stage == stage } } ?? uncollected
    }

    /// Counts a message that came.
    mutating func add(_ message: Message, isOwn: Bool) { if !isOwn { bytes.received += message.byteCount } }

    /// Notes that a tile is made.
    ///
    /// - Returns: whether now all are, for the first time.
    mutating func made(_ made: TaskMessage.Made) -> Bool {
        guard unmade.remove(TileRoutes.Place(stage: made.work.stage, tile: made.work.tile)) != nil else { return false }
        // The number is the node's word only.
        bytes.exchanged = Shape.saturatingSum(bytes.exchanged, max(0, made.sentByteCount))
        return unmade.isEmpty
    }

    /// Notes that pieces are passed on.
    ///
    /// - Returns: whether each of them is for the first time.
    mutating func pass(_ pieces: TaskMessage.Pieces) -> Bool {
        let place = TileRoutes.Place(stage: pieces.work.stage, tile: pieces.work.tile)
        return pieces.pieces.allSatisfy { passed.insert(PassedPiece(place: place, piece: $0)).inserted }
    }

    /// Puts a sub-map where it belongs (METHODS.md A6).
    mutating func collect(_ tensor: Tensor, of work: TaskMessage.Work) throws {
        guard uncollected.remove(TileRoutes.Place(stage: work.stage, tile: work.tile)) != nil else { return }
        let region = plan.stages[work.stage].tiles[work.tile].region
        try values[work.stage]?.paste(tensor, at: region)
        guard uncollected.isEmpty else { return }
        let named = values.map { (plan.graph.graph.values[plan.stages[$0].output].name, $1) }
        finish(.success(Dictionary(uniqueKeysWithValues: named)))
    }

    /// Lets somebody wait for the outcome.
    mutating func wait(_ continuation: CheckedContinuation<[String: Tensor], any Error>) {
        if let outcome { continuation.resume(with: outcome) } else { self.continuation = continuation }
    }

    mutating func finish(throwing error: any Error) { finish(.failure(error)) }

    private mutating func finish(_ outcome: Result<[String: Tensor], any Error>) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        continuation?.resume(with: outcome)
        continuation = nil
    }
}
