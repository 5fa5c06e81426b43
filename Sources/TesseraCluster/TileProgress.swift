import Synchronization
import TesseraCore
import TesseraPartition

/// How far a node's tiles of one task are: inputs that are not complete yet, results that wait to be collected.
///
/// No actor: the thread that computes would take on the actor's work for others, and others would wait for its kernels.
final class TileProgress: Sendable {
    /// A tile whose inputs are all there.
    final class Job: Sendable {
        let place: TileRoutes.Place
        let inference: Int
        private let inputs: Mutex<TileInputs?>

        fileprivate init(_ key: Key, _ inputs: TileInputs) {
            (place, inference) = (key.place, key.inference)
            self.inputs = Mutex(inputs)
        }

        /// The inputs, which are the caller's alone then: their memory is free before what is made of them is sent.
        func takeInputs() -> TileInputs? {
            inputs.withLock { inputs in
                defer { inputs = nil }
                return inputs
            }
        }
    }

    /// What a tile made.
    struct Result: Sendable {
        let tensor: Tensor
        /// What it takes of the node's memory.
        let share: ByteBudget.Share
    }

    fileprivate struct Key: Hashable {
        let inference: Int
        let place: TileRoutes.Place
    }

    private struct State {
        /// Inferences that are not collected yet.
        var underWay: Set<Int> = []
        var waiting: [Key: TileInputs] = [:]
        /// Tiles that had all their inputs, of inferences that are not collected yet.
        var begun: Set<Key> = []
        var results: [Key: Result] = [:]
    }

    private let plan: Plan
    private let routes: TileRoutes
    /// How many inferences may be under way.
    private let requests: Int
    private let memory: ByteBudget
    private let state = Mutex(State())

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
        try state.withLock { try add(pieces, to: place, inference: inference, &$0) }
    }

    private func add(
        _ pieces: [ArrivedPiece], to place: TileRoutes.Place, inference: Int, _ state: inout State
    ) throws -> Job? {
        let key = Key(inference: inference, place: place)
        let tile = plan.stages[place.stage].tiles[place.tile]
        guard !state.begun.contains(key) else {
            throw TesseraError(.protocolViolation, "a piece of tile \(place.tile) comes a second time")
        }
        guard state.underWay.contains(inference) || state.underWay.count < requests else {
            throw TesseraError(
                .limitExceeded,
                "expected at most \(requests) inferences under way in a task (the limit 'requests'), found one more")
        }
        state.underWay.insert(inference)
        var inputs =
            try state.waiting[key]
            ?? TileInputs(tile, pieces: routes.pieces[place.stage][place.tile], memory: memory)
        state.waiting[key] = nil
        for piece in pieces { try inputs.add(piece) }
        guard inputs.isComplete else {
            state.waiting[key] = inputs
            return nil
        }
        state.begun.insert(key)
        return Job(key, inputs)
    }

    /// Keeps what a tile made, if the leader will ask for it.
    ///
    /// - Throws: `limitExceeded`.
    func keep(_ result: Tensor, of job: Job) throws {
        guard routes.collected.contains(job.place.stage) else { return }
        let kept = Result(tensor: result, share: try memory.reserve(result.byteCount))
        state.withLock { $0.results[Key(inference: job.inference, place: job.place)] = kept }
    }

    /// Hands over all that was made in an inference, in the order of stages and tiles.
    func collect(_ inference: Int) -> [(place: TileRoutes.Place, result: Result)] {
        let found = state.withLock { state in
            let found = state.results.filter { $0.key.inference == inference }
            for key in found.keys { state.results[key] = nil }
            state.begun = state.begun.filter { $0.inference != inference }
            // Only a leader that collects too early leaves any.
            state.waiting = state.waiting.filter { $0.key.inference != inference }
            state.underWay.remove(inference)
            return found
        }
        return found.map { ($0.key.place, $0.value) }
            .sorted { ($0.0.stage, $0.0.tile) < ($1.0.stage, $1.0.tile) }
    }
}
