import Foundation
import Synchronization
import TesseraCluster
import TesseraCore

/// One link of a library's transport: what waits to be sent on it, and what was received and is unread.
final class PluginLink: Identifiable, Sendable {
    /// How far two peers are with each other.
    enum Phase: Sendable {
        case awaitingHello
        /// The other end has introduced itself, and has yet to agree.
        case awaitingReady(PeerInformation)
        case established(PeerInformation)
        case closed
    }

    /// What the link's thread does next.
    enum Work: Sendable {
        case send(Frame, byteCount: Int)
        case hangUp
    }

    /// Bytes that may wait to be sent, and as many that may be unread.
    private static let bound = 8 << 20

    let id: UInt64
    let isDialed: Bool
    let window = FlowWindow(bound: bound)
    let unread = BlockingBudget(bound: bound)
    let work = BlockingQueue<Work>()
    let phase = Mutex(Phase.awaitingHello)
    /// Who was met, or why nobody was, for whoever dialed.
    let met = Outcome()

    init(id: UInt64, isDialed: Bool) { (self.id, self.isDialed) = (id, isDialed) }

    /// Queues a frame that no message waits for.
    func send(_ frame: Frame) { _ = work.push(.send(frame, byteCount: 0)) }

    /// Queues the end of the link, after what waits to be sent.
    func hangUp() {
        _ = work.push(.hangUp)
        work.finish()
    }

    /// Lets go of everyone who waits for the link.
    func fail(_ error: TesseraError) {
        window.fail(error)
        unread.finish()
        met.settle(.failure(error))
    }
}

/// Something that becomes known once, and can be waited for.
final class Outcome: Sendable {
    private struct State {
        var result: Result<PeerID, any Error>?
        var waiters: [CheckedContinuation<PeerID, any Error>] = []
    }

    private let state = Mutex(State())

    /// The first call decides.
    func settle(_ result: Result<PeerID, any Error>) {
        let waiters = state.withLock { state -> [CheckedContinuation<PeerID, any Error>] in
            guard state.result == nil else { return [] }
            state.result = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(with: result) }
    }

    func value() async throws -> PeerID {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<PeerID, any Error>? in
                if state.result == nil { state.waiters.append(continuation) }
                return state.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
