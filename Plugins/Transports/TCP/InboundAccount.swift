import Synchronization
import TesseraCluster

/// The bytes of messages from one connection that nobody has consumed yet, which decide whether to read on.
final class InboundAccount: Sendable {
    private struct State {
        var bytes = 0
        var isPaused = false
    }

    private let bound: Int
    private let state = Mutex(State())

    init(bound: Int) { self.bound = bound }

    /// Whether reading should rest.
    var isPaused: Bool { state.withLock { $0.isPaused } }

    func add(_ bytes: Int) {
        state.withLock { state in
            state.bytes += bytes
            state.isPaused = state.isPaused || state.bytes >= bound
        }
    }

    /// - Returns: whether reading, having been paused, should go on.
    func remove(_ bytes: Int) -> Bool {
        state.withLock { state in
            state.bytes -= bytes
            guard state.isPaused, state.bytes <= bound / 2 else { return false }
            state.isPaused = false
            return true
        }
    }
}
