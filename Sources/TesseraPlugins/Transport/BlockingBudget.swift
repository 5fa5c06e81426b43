import Foundation

/// Counts bytes that nobody has read, and holds up the thread that brings more of them.
///
/// `@unchecked Sendable`: all state is read and changed while the condition's lock is held.
final class BlockingBudget: @unchecked Sendable {
    private let condition = NSCondition()
    private let bound: Int
    private var unread = 0
    private var isFinished = false

    init(bound: Int) { self.bound = bound }

    /// Waits while too much is unread, then counts more.
    ///
    /// - Returns: false if the budget has ended.
    func admit(_ bytes: Int) -> Bool {
        condition.withLock {
            while unread >= bound, !isFinished { condition.wait() }
            unread += bytes
            return !isFinished
        }
    }

    func release(_ bytes: Int) {
        condition.withLock {
            unread -= bytes
            condition.signal()
        }
    }

    /// Lets through everyone who waits, and everyone who comes later.
    func finish() {
        condition.withLock {
            isFinished = true
            condition.broadcast()
        }
    }
}
