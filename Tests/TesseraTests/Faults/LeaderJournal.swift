import Synchronization
import Tessera
import TesseraTestSupport

/// What passes through a leader's transport and when, and what a test does at chosen moments, before anything else happens.
final class LeaderJournal: Sendable {
    enum Moment: Hashable, Sendable {
        case sends(String)
        case receives(String)
        case loses(PeerID)
        case meets(PeerID)
    }

    private struct Strike {
        let moment: Moment
        let count: Int
        let action: @Sendable () -> Void
    }

    private struct State {
        var times: [Moment: [ContinuousClock.Instant]] = [:]
        var strikes: [Strike] = []
    }

    private let state = Mutex(State())

    /// Has something done when a moment comes for the `count`th time from now on.
    func at(_ moment: Moment, _ count: Int = 1, _ action: @escaping @Sendable () -> Void) {
        state.withLock { state in
            let before = state.times[moment]?.count ?? 0
            state.strikes.append(Strike(moment: moment, count: before + count, action: action))
        }
    }

    func note(_ moment: Moment) {
        let due = state.withLock { state in
            state.times[moment, default: []].append(.now)
            let count = state.times[moment]?.count
            let due = state.strikes.filter { $0.moment == moment && $0.count == count }
            state.strikes.removeAll { $0.moment == moment && $0.count == count }
            return due
        }
        for strike in due { strike.action() }
    }

    /// When a moment came first after some time.
    func first(_ moment: Moment, after start: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        state.withLock { $0.times[moment]?.first { $0 >= start } }
    }
}

/// TCP whose leader's messages and peers are told to a journal.
struct WatchedTransportFactory: TransportFactory {
    let journal: LeaderJournal

    func start(_ options: TransportOptions) async throws -> any Transport {
        WatchedTransport(try await TCPTransport.start(options), journal)
    }
}

private final class WatchedTransport: ListeningTransport {
    private let base: TCPTransport
    private let journal: LeaderJournal

    init(_ base: TCPTransport, _ journal: LeaderJournal) { (self.base, self.journal) = (base, journal) }

    var information: PeerInformation { base.information }
    var peers: [PeerInformation] { base.peers }
    var listenAddress: String? { base.listenAddress }

    var events: AsyncStream<TransportEvent> {
        AsyncStream { [base, journal] continuation in
            Task {
                for await event in base.events {
                    switch event {
                    case .appeared(let peer, _): journal.note(.meets(peer))
                    case .left(let peer, _): journal.note(.loses(peer))
                    case .received(let message, _): journal.note(.receives(message.kind))
                    }
                    continuation.yield(event)
                }
                continuation.finish()
            }
        }
    }

    func send(_ message: Message, to peer: PeerID) async throws {
        journal.note(.sends(message.kind))
        try await base.send(message, to: peer)
    }

    func broadcast(_ message: Message) async throws {
        journal.note(.sends(message.kind))
        try await base.broadcast(message)
    }

    func connect(to address: String) async throws -> PeerID { try await base.connect(to: address) }
    func close() async { await base.close() }
}
