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

    /// What a tile made.
    struct Result: Sendable {
        let tensor: Tensor
        /// What it takes of the node's memory.
        let share: ByteBudget.Share
    }

    private struct Key: Hashable {
        let inference: Int
        let place: TileRoutes.Place
    }

    private let plan: Plan
    private let routes: TileRoutes
    /// How many inferences may be under way.
    private let requests: Int
    private let memory: ByteBudget
    /// Inferences that are not collected yet.
    private var underWay: Set<Int> = []
    private var waiting: [Key: TileInputs] = [:]
    /// Tiles that had all their inputs, of inferences that are not collected yet.
    private var begun: Set<Key> = []
    private var results: [Key: Result] = [:]
    /// Memory of tiles that were computed: fresh memory costs more than filling it, since the system clears it first.
    private var spareInputs: [TileRoutes.Place: [TileInputs.Spare]] = [:]
    private var spareOutputs: [TileRoutes.Place: [TileOutputs]] = [:]

    /// - Parameters:
    ///   - requests: inferences that may be under way at once.
    ///   - memory: what inputs and results are taken from.
    init(_ plan: Plan, _ routes: TileRoutes, requests: Int, memory: ByteBudget) {
        (self.plan, self.routes, self.requests, self.memory) = (plan, routes, requests, memory)
    }

    /// Takes pieces of a tile's inputs.
    ///
    /// - Returns: the tile if it can be computed now.
    /// - Throws: `protocolViolation` for pieces that it does not wait for, `limitExceeded` for more inferences than may be under way,
    ///   or more memory than there is.
    func add(_ pieces: [ArrivedPiece], to place: TileRoutes.Place, inference: Int) throws -> Job? {
        let key = Key(inference: inference, place: place)
        let tile = plan.stages[place.stage].tiles[place.tile]
        guard !begun.contains(key) else {
            throw TesseraError(.protocolViolation, "a piece of tile \(place.tile) comes a second time")
        }
        guard underWay.contains(inference) || underWay.count < requests else {
            throw TesseraError(
                .limitExceeded,
                "expected at most \(requests) inferences under way in a task (the limit 'requests'), found one more")
        }
        underWay.insert(inference)
        var inputs =
            try waiting[key]
            ?? TileInputs(
                tile, pieces: routes.pieces[place.stage][place.tile], spare: spareInputs[place]?.popLast(),
                memory: memory)
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

    /// How much memory of tiles is kept for each of them.
    private static let spareLimit = 2

    /// Memory for what a tile makes.
    func outputs(for place: TileRoutes.Place) -> TileOutputs { spareOutputs[place]?.popLast() ?? TileOutputs() }

    /// Keeps what a tile made, if the leader will ask for it.
    ///
    /// - Throws: `limitExceeded`.
    func keep(_ result: Tensor, of job: Job) throws {
        guard routes.collected.contains(job.place.stage) else { return }
        results[Key(inference: job.inference, place: job.place)] = Result(
            tensor: result, share: try memory.reserve(result.byteCount))
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
    func collect(_ inference: Int) -> [(place: TileRoutes.Place, result: Result)] {
        let found = results.filter { $0.key.inference == inference }
        for key in found.keys { results[key] = nil }
        begun = begun.filter { $0.inference != inference }
        // Only a leader that collects too early leaves any.
        waiting = waiting.filter { $0.key.inference != inference }
        underWay.remove(inference)
        return found.map { ($0.key.place, $0.value) }
            .sorted { ($0.0.stage, $0.0.tile) < ($1.0.stage, $1.0.tile) }
    }
}
