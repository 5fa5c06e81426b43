import Logging
import Synchronization
import TesseraCore

/// The weights that a node has, by content, so that none is sent to it twice.
///
/// When there are too many bytes, those that no task uses are forgotten, the ones first that were not used for the longest.
final class WeightStore: Sendable {
    private struct Entry {
        /// Nil for one that is in the archive and was not asked for yet.
        var tensor: Tensor?
        let byteCount: Int
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

        /// A weight that is there, which this does not keep from being forgotten.
        func peek(_ hash: ContentHash) -> Tensor? { store.take(hash, isNewUser: false) }

        /// Adds a weight.
        ///
        /// - Returns: the weight as it is kept.
        /// - Throws: `limitExceeded` if it does not fit beside those that are in use.
        @discardableResult func insert(_ tensor: Tensor, for hash: ContentHash) throws -> Tensor {
            try hashes.withLock { hashes throws in
                let kept = try store.insert(tensor, for: hash, isNewUser: !hashes.contains(hash))
                hashes.insert(hash)
                return kept
            }
        }
    }

    let limit: Int
    private let archive: (any WeightArchive)?
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - limit: bytes to keep at most.
    ///   - archive: where weights are kept that outlive this; nil to keep all in memory.
    init(limit: Int, archive: (any WeightArchive)? = nil, logger: Logger = Logger(label: "tessera.node")) {
        (self.limit, self.archive, self.logger) = (limit, archive, logger)
        var state = State()
        for (hash, byteCount) in archive?.contents() ?? [] {
            state.clock += 1
            state.entries[hash] = Entry(tensor: nil, byteCount: byteCount, lastUse: state.clock)
            state.byteCount += byteCount
        }
        self.state = Mutex(state)
        self.state.withLock { makeRoom(for: 0, &$0) }
    }

    /// How many weights there are, and their bytes.
    var content: (count: Int, byteCount: Int) { state.withLock { ($0.entries.count, $0.byteCount) } }

    /// The bytes of every weight.
    var byteCounts: [ContentHash: Int] { state.withLock { $0.entries.mapValues(\.byteCount) } }

    func use() -> Use { Use(self) }

    private func take(_ hash: ContentHash, isNewUser: Bool) -> Tensor? {
        guard let known = state.withLock({ $0.entries[hash] }) else { return nil }
        var tensor = known.tensor
        if tensor == nil {
            // Without the lock, since it takes long. Whatever became of the weight, it is asked for again then.
            guard let found = try? archive?.read(hash), ContentHash(found) == hash else {
                logger.warning("a weight that was kept is not what it was", metadata: ["weight": "\(hash)"])
                state.withLock { forget(hash, &$0) }
                return nil
            }
            found.discardMemory()
            tensor = found
        }
        return state.withLock { state in
            guard var entry = state.entries[hash] else { return nil }
            state.clock += 1
            entry.lastUse = state.clock
            if isNewUser { entry.users += 1 }
            entry.tensor = entry.tensor ?? tensor
            state.entries[hash] = entry
            return entry.tensor
        }
    }

    private func insert(_ tensor: Tensor, for hash: ContentHash, isNewUser: Bool) throws -> Tensor {
        if let known = take(hash, isNewUser: isNewUser) { return known }
        try state.withLock { state throws in
            makeRoom(for: tensor.byteCount, &state)
            guard state.byteCount <= limit - tensor.byteCount else {
                throw TesseraError(
                    .limitExceeded,
                    "expected at most \(limit) bytes of weights (the limit 'weights'), found \(state.byteCount) in use and \(tensor.byteCount) more"
                )
            }
            state.byteCount += tensor.byteCount
        }
        let kept = archived(tensor, for: hash)
        return state.withLock { state in
            state.clock += 1
            var entry =
                state.entries[hash] ?? Entry(tensor: kept, byteCount: tensor.byteCount, lastUse: state.clock)
            // Somebody else may have added it meanwhile.
            if state.entries[hash] != nil { state.byteCount -= tensor.byteCount }
            entry.lastUse = state.clock
            if isNewUser { entry.users += 1 }
            entry.tensor = entry.tensor ?? kept
            state.entries[hash] = entry
            return entry.tensor ?? kept
        }
    }

    private func makeRoom(for byteCount: Int, _ state: inout State) {
        while state.byteCount > limit - byteCount,
            let oldest = state.entries.filter({ $0.value.users == 0 }).min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            forget(oldest.key, &state)
        }
    }

    /// The weight from the archive, or itself if it cannot be kept there.
    private func archived(_ tensor: Tensor, for hash: ContentHash) -> Tensor {
        guard let archive else { return tensor }
        do {
            return try archive.write(tensor, for: hash)
        } catch {
            logger.warning("a weight stays in memory, since it cannot be kept", metadata: ["error": "\(error)"])
            return tensor
        }
    }

    private func forget(_ hash: ContentHash, _ state: inout State) {
        guard let entry = state.entries.removeValue(forKey: hash) else { return }
        state.byteCount -= entry.byteCount
        archive?.remove(hash)
    }

    private func release(_ hashes: Set<ContentHash>) {
        state.withLock { state in
            for hash in hashes { state.entries[hash]?.users -= 1 }
        }
    }
}
