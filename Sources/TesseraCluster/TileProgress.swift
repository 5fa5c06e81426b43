import Synchronization
import TesseraCore
import TesseraPartition

/// How far a node's tiles of one task are: inputs that are not complete yet, results that wait to be collected.
actor TileProgress {
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
            ?? TileInputs(tile, pieces: routes.pieces[place.stage][place.tile], memory: memory)
        waiting[key] = nil
        for piece in pieces { try inputs.add(piece) }
        guard inputs.isComplete else {
            waiting[key] = inputs
            return nil
        }
        begun.insert(key)
        return Job(key, inputs)
    }

    /// Keeps what a tile made, if the leader will ask for it.
    ///
    /// - Throws: `limitExceeded`.
    func keep(_ result: Tensor, of job: Job) throws {
        guard routes.collected.contains(job.place.stage) else { return }
        results[Key(inference: job.inference, place: job.place)] = Result(
            tensor: result, share: try memory.reserve(result.byteCount))
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
