import Foundation
import Synchronization
import TesseraCluster
import TesseraCore

/// One link of a library's transport: what waits to be sent on it, and what was received and is unread.
final class PluginLink: Identifiable, Sendable {
    /// How far two peers are with each other.
    enum Phase: Sendable {
        case awaitingHello
        /// The other end has introduced itself and has a claim to its name, and the peers have yet to agree.
        case met(PeerInformation)
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
    let met = Outcome<PeerID>()
    /// Ends the link if the peers do not meet in time.
    let handshake = Mutex<Task<Void, any Error>?>(nil)
    /// Signalled once all that waited to be sent has been, and the link is hung up.
    private let hungUp = DispatchSemaphore(value: 0)

    init(id: UInt64, isDialed: Bool) { (self.id, self.isDialed) = (id, isDialed) }

    /// Queues a frame that no message waits for.
    func send(_ frame: Frame) { _ = work.push(.send(frame, byteCount: 0)) }

    /// Queues the end of the link, after what waits to be sent.
    func hangUp() {
        _ = work.push(.hangUp)
        work.finish()
    }

    /// The peers have met, or will not any more.
    func endHandshake() { handshake.withLock { $0?.cancel() } }

    func endService() { hungUp.signal() }

    /// Waits until what was queued before the end is sent, for a second at most.
    ///
    /// For the library's thread that reads the link: once it is told that the link is of no use, it may close it, and take the reason
    /// that the other end is to read with it.
    func waitForService() {
        _ = hungUp.wait(timeout: .now() + 1)
        hungUp.signal()
    }

    /// Lets go of everyone who waits for the link.
    func fail(_ error: TesseraError) {
        endHandshake()
        window.fail(error)
        unread.finish()
        met.settle(.failure(error))
    }
}

/// Something that becomes known once, and can be waited for.
final class Outcome<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, any Error>?
        var waiters: [CheckedContinuation<Value, any Error>] = []
    }

    private let state = Mutex(State())

    /// The first call decides.
    func settle(_ result: Result<Value, any Error>) {
        let waiters = state.withLock { state -> [CheckedContinuation<Value, any Error>] in
            guard state.result == nil else { return [] }
            state.result = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(with: result) }
    }

    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Value, any Error>? in
                if state.result == nil { state.waiters.append(continuation) }
                return state.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
