import NIOCore
import Synchronization
import TesseraCluster
import TesseraCore

/// The frames that wait to be written to one connection: filled by any task, emptied by the connection's event loop.
final class OutgoingQueue: Sendable {
    private struct State {
        var frames = CircularBuffer<OutgoingFrame>()
        var failure: TesseraError?
    }

    private let window: FlowWindow
    private let state = Mutex(State())

    init(bound: Int) { window = FlowWindow(bound: bound) }

    /// Waits for room, then appends the frame.
    ///
    /// - Returns: whether the queue was empty, so that the event loop must be told.
    func append(_ frame: OutgoingFrame) async throws -> Bool {
        try await window.admit(frame.byteCount)
        return try state.withLock { state throws in
            if let failure = state.failure { throw failure }
            state.frames.append(frame)
            return state.frames.count == 1
        }
    }

    /// Bytes that wait, or have waited and are not written yet.
    var byteCount: Int { max(0, window.outstanding) }

    var isEmpty: Bool { state.withLock { $0.frames.isEmpty } }

    func popFirst() -> OutgoingFrame? { state.withLock { $0.frames.popFirst() } }

    /// Lets senders through in place of bytes that were written.
    func release(_ bytes: Int) { window.release(bytes) }

    /// Drops what waits, and fails whoever waits to append or comes later.
    func fail(_ error: TesseraError) {
        state.withLock { state in
            state.failure = state.failure ?? error
            state.frames.removeAll()
        }
        window.fail(error)
    }
}
