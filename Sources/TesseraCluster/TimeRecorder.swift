import Synchronization
import TesseraPartition

/// Something that a device did in an inference, by its own clock.
struct TimedWork: Codable, Sendable, Equatable {
    let activity: Simulation.Activity
    let inference: Int
    /// The stage that it was for, counted from 0; the leader's layers come after all stages.
    let stage: Int
    /// The tile that it was for; of what the leader collects, the tile that made it.
    let tile: Int
    /// The other end of what was sent or received.
    var peer: PeerID?
    /// Bytes of elements that were sent or received.
    var byteCount = 0
    /// Nanoseconds. What is received begins when it is there, since only its sender knows when that was.
    var start: Int64 = 0
    var end: Int64 = 0

    init(_ activity: Simulation.Activity, inference: Int, _ place: TileRoutes.Place) {
        (self.activity, self.inference, stage, tile) = (activity, inference, place.stage, place.tile)
    }

    /// What a message brings to a tile or, after all stages, to the leader.
    init(
        _ activity: Simulation.Activity, _ message: Message, inference: Int, for place: TileRoutes.Place,
        with peer: PeerID
    ) {
        self.init(activity, inference: inference, place)
        self.peer = peer
        byteCount = message.payload.reduce(0) { $0 + $1.count }
    }
}

/// Notes what this node does when for one task.
final class TimeRecorder: Sendable {
    /// What is kept at most until it is taken: some hundred bytes each.
    static let limit = 1 << 18

    private let clock: NodeClock
    private let notes = Mutex<(work: [TimedWork], isComplete: Bool)>(([], true))

    init(_ clock: NodeClock) { self.clock = clock }

    var now: Int64 { clock.now }

    /// Notes what began at `start` and ends now, or at `end`.
    func note(_ work: TimedWork, since start: Int64?, until end: Int64? = nil) {
        var work = work
        work.end = end ?? now
        work.start = start ?? work.end
        notes.withLock { notes in
            guard notes.work.count < Self.limit else { return notes.isComplete = false }
            notes.work.append(work)
        }
    }

    /// Hands over all that was noted, and whether that is all there was.
    func take() -> (work: [TimedWork], isComplete: Bool) {
        notes.withLock { notes in
            defer { notes = ([], true) }
            return notes
        }
    }
}

extension Node {
    /// Sends elements to a peer and notes how long that took, unless they stay on this node.
    nonisolated func send(
        _ message: Message, to peer: PeerID, inference: Int, for place: TileRoutes.Place, noting recorder: TimeRecorder?
    ) async throws {
        let start = recorder?.now
        try await send(message, to: peer)
        guard let recorder, peer != name else { return }
        recorder.note(TimedWork(.send, message, inference: inference, for: place, with: peer), since: start)
    }
}
