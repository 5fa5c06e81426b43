import Synchronization
import TesseraCore

/// Reads the events of a transport and keeps them, for checks to look at.
final class EventLog: Sendable {
    private struct State {
        var events: [TransportEvent] = []
        var hasEnded = false
    }

    private let state = Mutex(State())

    init(_ transport: any Transport) {
        let events = transport.events
        Task {
            for await event in events { state.withLock { $0.events.append(event) } }
            state.withLock { $0.hasEnded = true }
        }
    }

    var events: [TransportEvent] { state.withLock { $0.events } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    var messages: [(peer: PeerID, message: Message)] {
        events.compactMap { if case .received(let message, let peer) = $0 { (peer, message) } else { nil } }
    }

    var departures: [(peer: PeerID, reason: TesseraError?)] {
        events.compactMap { if case .left(let peer, let reason) = $0 { (peer, reason) } else { nil } }
    }

    var appearances: [PeerInformation] {
        events.compactMap { if case .appeared(_, let information) = $0 { information } else { nil } }
    }

    /// Waits until `condition` holds for this log.
    ///
    /// - Throws: `TransportConformance.Failure` after `seconds`.
    func wait(
        for what: String, seconds: Double = 30, until condition: (EventLog) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !condition(self) {
            guard ContinuousClock.now < deadline else {
                throw TransportConformance.Failure(
                    description: "\(what) did not happen within \(seconds) s; there were \(events.count) events")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
