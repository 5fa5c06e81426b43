import Synchronization
import TesseraCore

/// The weights that a node has, by content, so that none is sent to it twice.
///
/// Those that were not used for the longest are forgotten when there are too many bytes.
final class WeightStore: Sendable {
    private struct State {
        var tensors: [ContentHash: (tensor: Tensor, lastUse: Int)] = [:]
        var byteCount = 0
        var clock = 0
    }

    let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: bytes to keep at most.
    init(limit: Int = 4 << 30) { self.limit = limit }

    subscript(_ hash: ContentHash) -> Tensor? {
        state.withLock { state in
            state.clock += 1
            state.tensors[hash]?.lastUse = state.clock
            return state.tensors[hash]?.tensor
        }
    }

    /// The bytes of every weight.
    var byteCounts: [ContentHash: Int] { state.withLock { $0.tensors.mapValues(\.tensor.byteCount) } }

    func insert(_ tensor: Tensor, for hash: ContentHash) {
        state.withLock { state in
            guard state.tensors[hash] == nil else { return }
            state.clock += 1
            state.tensors[hash] = (tensor, state.clock)
            state.byteCount += tensor.byteCount
            while state.byteCount > limit, let oldest = state.tensors.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.tensors[oldest.key] = nil
                state.byteCount -= oldest.value.tensor.byteCount
            }
        }
    }
}
