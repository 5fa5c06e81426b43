import Synchronization
import TesseraCore

/// Counts the bytes that wait somewhere and holds senders back while there are too many.
///
/// A sender is let through while fewer than `bound` bytes wait, whatever the size of its own message, so that a message
/// larger than the bound passes too. Senders that wait are let through in the order they came.
public final class FlowWindow: Sendable {
    private struct Waiter {
        let id: UInt64
        let bytes: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var outstanding = 0
        var waiters = FIFO<Waiter>()
        var nextID: UInt64 = 0
        var failure: TesseraError?
    }

    public let bound: Int
    private let state = Mutex(State())

    public init(bound: Int) { self.bound = bound }

    /// The bytes that wait now.
    public var outstanding: Int { state.withLock { $0.outstanding } }

    /// Waits for room, then counts `bytes` as waiting.
    ///
    /// - Throws: what `fail` was given, or `CancellationError`.
    public func admit(_ bytes: Int) async throws {
        let id = try state.withLock { state throws -> UInt64? in
            if let failure = state.failure { throw failure }
            guard state.outstanding >= bound || !state.waiters.isEmpty else {
                state.outstanding += bytes
                return nil
            }
            state.nextID += 1
            return state.nextID
        }
        guard let id else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(Waiter(id: id, bytes: bytes, continuation: $0)) }
        } onCancel: {
            state.withLock { $0.waiters.remove { $0.id == id } }?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Counts `bytes` as no longer waiting and lets senders through.
    public func release(_ bytes: Int) {
        let admitted = state.withLock { state in
            state.outstanding -= bytes
            return admitWaiters(&state)
        }
        for waiter in admitted { waiter.continuation.resume() }
    }

    /// Fails everyone who waits, and everyone who comes later.
    public func fail(_ error: TesseraError) {
        let waiters = state.withLock { state in
            state.failure = state.failure ?? error
            return state.waiters.removeAll()
        }
        for waiter in waiters { waiter.continuation.resume(throwing: error) }
    }

    private func wait(_ waiter: Waiter) {
        let outcome = state.withLock { state -> Result<[Waiter], any Error> in
            if let failure = state.failure { return .failure(failure) }
            // Looked at under the lock that `onCancel` takes as well, so a cancellation is seen here or there.
            if Task.isCancelled { return .failure(CancellationError()) }
            state.waiters.append(waiter)
            return .success(admitWaiters(&state))
        }
        switch outcome {
        case .success(let admitted): for waiter in admitted { waiter.continuation.resume() }
        case .failure(let error): waiter.continuation.resume(throwing: error)
        }
    }

    private func admitWaiters(_ state: inout State) -> [Waiter] {
        var admitted: [Waiter] = []
        while state.outstanding < bound, let waiter = state.waiters.popFirst() {
            state.outstanding += waiter.bytes
            admitted.append(waiter)
        }
        return admitted
    }
}
