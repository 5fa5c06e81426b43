import TesseraCore
import TesseraPartition

/// How far a node's tiles of one task are: inputs that are not complete yet, results that wait to be collected.
actor TileProgress {
    /// A tile whose inputs are all there.
    struct Job: Sendable {
        let place: TileRoutes.Place
        let inference: Int
        let inputs: [String: Tensor]
    }

    private struct Key: Hashable {
        let inference: Int
        let place: TileRoutes.Place
    }

    private let plan: Plan
    private let routes: TileRoutes
    private var waiting: [Key: TileInputs] = [:]
    private var results: [Key: Tensor] = [:]

    init(_ plan: Plan, _ routes: TileRoutes) { (self.plan, self.routes) = (plan, routes) }

    /// Takes pieces of a tile's inputs.
    ///
    /// - Returns: the tile if it can be computed now.
    /// - Throws: `protocolViolation` for pieces that it does not wait for.
    func add(_ pieces: [(index: Int, tensor: Tensor)], to place: TileRoutes.Place, inference: Int) throws -> Job? {
        let key = Key(inference: inference, place: place)
        let tile = plan.stages[place.stage].tiles[place.tile]
        var inputs = waiting[key] ?? TileInputs(tile, pieces: routes.pieces[place.stage][place.tile])
        waiting[key] = nil
        for piece in pieces { try inputs.add(piece.tensor, as: piece.index) }
        guard inputs.isComplete else {
            waiting[key] = inputs
            return nil
        }
        return Job(place: place, inference: inference, inputs: inputs.named(in: plan.graph.graph))
    }

    /// Keeps what a tile made, if the leader will ask for it.
    func keep(_ result: Tensor, of job: Job) {
        guard routes.collected.contains(job.place.stage) else { return }
        results[Key(inference: job.inference, place: job.place)] = result
    }

    /// Hands over all that was made in an inference, in the order of stages and tiles.
    func collect(_ inference: Int) -> [(place: TileRoutes.Place, result: Tensor)] {
        let found = results.filter { $0.key.inference == inference }
        for key in found.keys { results[key] = nil }
        return found.map { ($0.key.place, $0.value) }
            .sorted { ($0.0.stage, $0.0.tile) < ($1.0.stage, $1.0.tile) }
    }
}
