import Synchronization
import TesseraCore

/// The weights that a node has, by content, so that none is sent to it twice.
///
/// When there are too many bytes, those that no task uses are forgotten, the ones first that were not used for the longest.
final class WeightStore: Sendable {
    private struct Entry {
        let tensor: Tensor
        var lastUse: Int
        var users = 0
    }

    private struct State {
        var entries: [ContentHash: Entry] = [:]
        var byteCount = 0
        var clock = 0
    }

    /// What one task uses, which stays for as long as somebody refers to this.
    final class Use: Sendable {
        private let store: WeightStore
        private let hashes = Mutex<Set<ContentHash>>([])

        fileprivate init(_ store: WeightStore) { self.store = store }

        deinit { store.release(hashes.withLock { $0 }) }

        /// A weight that is there.
        subscript(_ hash: ContentHash) -> Tensor? {
            hashes.withLock { hashes in
                let tensor = store.take(hash, isNewUser: !hashes.contains(hash))
                if tensor != nil { hashes.insert(hash) }
                return tensor
            }
        }

        /// Adds a weight.
        ///
        /// - Throws: `limitExceeded` if it does not fit beside those that are in use.
        func insert(_ tensor: Tensor, for hash: ContentHash) throws {
            try hashes.withLock { hashes throws in
                guard !hashes.contains(hash) else { return }
                try store.insert(tensor, for: hash)
                hashes.insert(hash)
            }
        }
    }

    let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: bytes to keep at most.
    init(limit: Int) { self.limit = limit }

    /// How many weights there are, and their bytes.
    var content: (count: Int, byteCount: Int) { state.withLock { ($0.entries.count, $0.byteCount) } }

    /// The bytes of every weight.
    var byteCounts: [ContentHash: Int] { state.withLock { $0.entries.mapValues(\.tensor.byteCount) } }

    func use() -> Use { Use(self) }

    private func take(_ hash: ContentHash, isNewUser: Bool) -> Tensor? {
        state.withLock { state in
            state.clock += 1
            state.entries[hash]?.lastUse = state.clock
            if isNewUser { state.entries[hash]?.users += 1 }
            return state.entries[hash]?.tensor
        }
    }

    private func insert(_ tensor: Tensor, for hash: ContentHash) throws {
        try state.withLock { state throws in
            state.clock += 1
            guard state.entries[hash] == nil else {
                state.entries[hash]?.lastUse = state.clock
                state.entries[hash]?.users += 1
                return
            }
            while state.byteCount > limit - tensor.byteCount,
                let oldest = state.entries.filter({ $0.value.users == 0 }).min(by: {
                    $0.value.lastUse < $1.value.lastUse
                })
            {
                state.entries[oldest.key] = nil
                state.byteCount -= oldest.value.tensor.byteCount
            }
            guard state.byteCount <= limit - tensor.byteCount else {
                throw TesseraError(
                    .limitExceeded,
                    "expected at most \(limit) bytes of weights (the limit 'weights'), found \(state.byteCount) in use and \(tensor.byteCount) more"
                )
            }
            state.entries[hash] = Entry(tensor: tensor, lastUse: state.clock, users: 1)
            state.byteCount += tensor.byteCount
        }
    }

    private func release(_ hashes: Set<ContentHash>) {
        state.withLock { state in
            for hash in hashes { state.entries[hash]?.users -= 1 }
        }
    }
}
