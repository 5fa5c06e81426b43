import Synchronization
import TesseraCore
import TesseraPartition
import TesseraRuntime

/// Memory for what one tile makes, of one inference after the other.
final class TileOutputs: Sendable {
    private let tensors = Mutex<[String: Tensor]>([:])

    /// Runs a tile. What it made before is written over, unless somebody still has that.
    func run(
        _ session: Session, _ inputs: [String: Tensor], isCancelled: () -> Bool
    ) throws -> [String: Tensor] {
        try tensors.withLock { tensors in
            // Held by nobody else, it needs no copy to be written to.
            var own = tensors
            tensors = [:]
            try session.run(inputs, into: &own, isCancelled: isCancelled)
            tensors = own
            return own
        }
    }
}

/// How far a node's tiles of one task are: inputs that are not complete yet, results that wait to be collected.
actor TileProgress {
    /// A tile whose inputs are all there.
    struct Job: Sendable {
        let place: TileRoutes.Place
        let inference: Int
        let inputs: [String: Tensor]
        fileprivate let arrived: TileInputs
    }

    private struct Key: Hashable {
        let inference: Int
        let place: TileRoutes.Place
    }

    private let plan: Plan
    private let routes: TileRoutes
    private var waiting: [Key: TileInputs] = [:]
    /// Tiles that had all their inputs, of inferences that are not collected yet.
    private var begun: Set<Key> = []
    private var results: [Key: Tensor] = [:]
    /// Memory of tiles that were computed: fresh memory costs more than filling it, since the system clears it first.
    private var spareInputs: [TileRoutes.Place: [[Tensor?]]] = [:]
    private var spareOutputs: [TileRoutes.Place: [TileOutputs]] = [:]

    init(_ plan: Plan, _ routes: TileRoutes) { (self.plan, self.routes) = (plan, routes) }

    /// Takes pieces of a tile's inputs.
    ///
    /// - Returns: the tile if it can be computed now.
    /// - Throws: `protocolViolation` for pieces that it does not wait for, `limitExceeded` if more inferences are under way than any
    ///   leader starts.
    func add(_ pieces: [ArrivedPiece], to place: TileRoutes.Place, inference: Int) throws -> Job? {
        let key = Key(inference: inference, place: place)
        let tile = plan.stages[place.stage].tiles[place.tile]
        guard !begun.contains(key) else {
            throw TesseraError(.protocolViolation, "a piece of tile \(place.tile) comes a second time")
        }
        guard waiting[key] != nil || waiting.count < Self.waitingLimit else {
            throw TesseraError(.limitExceeded, "expected at most \(Self.waitingLimit) tiles that wait for pieces")
        }
        var inputs =
            waiting[key]
            ?? TileInputs(
                tile, pieces: routes.pieces[place.stage][place.tile], spares: spareInputs[place]?.popLast() ?? [])
        waiting[key] = nil
        for piece in pieces { try inputs.add(piece) }
        guard inputs.isComplete else {
            waiting[key] = inputs
            return nil
        }
        begun.insert(key)
        return Job(
            place: place, inference: inference, inputs: inputs.named(in: plan.graph.graph), arrived: inputs)
    }

    /// Tiles of all inferences together that may wait for pieces: 1024 of each of as many inferences.
    private static let waitingLimit = 1 << 20
    /// How much memory of tiles is kept for each of them.
    private static let spareLimit = 2

    /// Memory for what a tile makes.
    func outputs(for place: TileRoutes.Place) -> TileOutputs { spareOutputs[place]?.popLast() ?? TileOutputs() }

    /// Keeps what a tile made, if the leader will ask for it.
    func keep(_ result: Tensor, of job: Job) {
        guard routes.collected.contains(job.place.stage) else { return }
        results[Key(inference: job.inference, place: job.place)] = result
    }

    /// Takes the memory of a tile that is made, for later inferences. What the leader collects goes away with it.
    func reuse(_ memory: TileOutputs, of job: Job) {
        if spareInputs[job.place]?.count ?? 0 < Self.spareLimit {
            spareInputs[job.place, default: []].append(job.arrived.reusable(of: job.inputs, in: plan.graph.graph))
        }
        guard !routes.collected.contains(job.place.stage), spareOutputs[job.place]?.count ?? 0 < Self.spareLimit
        else { return }
        spareOutputs[job.place, default: []].append(memory)
    }

    /// Hands over all that was made in an inference, in the order of stages and tiles.
    func collect(_ inference: Int) -> [(place: TileRoutes.Place, result: Tensor)] {
        let found = results.filter { $0.key.inference == inference }
        for key in found.keys { results[key] = nil }
        begun = begun.filter { $0.inference != inference }
        return found.map { ($0.key.place, $0.value) }
            .sorted { ($0.0.stage, $0.0.tile) < ($1.0.stage, $1.0.tile) }
    }
}
