import Synchronization

/// References that nobody in Swift holds any more, until the thread that uses the state gives them back to Lua.
final class ReleaseQueue: Sendable {
    private let references = Mutex<[Int32]>([])

    func add(_ reference: Int32) { references.withLock { $0.append(reference) } }

    func takeAll() -> [Int32] {
        references.withLock { list in
            defer { list.removeAll(keepingCapacity: true) }
            return list
        }
    }
}
