import Synchronization

/// An answer that another thread gives.
final class Flag: Sendable {
    private let answer = Mutex<Bool?>(nil)
    var isDone: Bool { answer.withLock { $0 != nil } }
    var value: Bool { answer.withLock { $0 ?? false } }
    func set(_ value: Bool) { answer.withLock { $0 = value } }
}
