/// Compiled networks by what they were compiled for, such as the shapes of their inputs. The one that was not used for longest makes
/// room for a new one. Backends share what they can of the weights.
public struct SessionCache<Key: Hashable & Sendable>: Sendable {
    public let capacity: Int
    /// From the least to the most recently used.
    private var entries: [(key: Key, session: StagedSession)] = []

    public init(capacity: Int = 8) { self.capacity = max(1, capacity) }

    public var count: Int { entries.count }

    /// The session for `key`, made by `make` if there is none yet.
    public mutating func session(for key: Key, make: () throws -> StagedSession) rethrows -> StagedSession {
        if let index = entries.firstIndex(where: { $0.key == key }) {
            if index < entries.count - 1 { entries.append(entries.remove(at: index)) }
        } else {
            entries.append((key, try make()))
            if entries.count > capacity { entries.removeFirst() }
        }
        return entries[entries.count - 1].session
    }
}
