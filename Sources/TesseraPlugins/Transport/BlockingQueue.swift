import Foundation

/// Hands elements to one thread that waits for them.
///
/// `@unchecked Sendable`: all state is read and changed while the condition's lock is held.
final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private var elements: [Element] = []
    private var isFinished = false

    /// - Returns: false if nothing is taken any more.
    func push(_ element: Element) -> Bool {
        condition.withLock {
            guard !isFinished else { return false }
            elements.append(element)
            condition.signal()
            return true
        }
    }

    /// Takes no more; what is in the queue is still handed out, unless it is dropped.
    func finish(dropping: Bool = false) {
        condition.withLock {
            isFinished = true
            if dropping { elements = [] }
            condition.broadcast()
        }
    }

    /// Waits for the next element; nil at the end.
    func next() -> Element? {
        condition.withLock {
            while elements.isEmpty, !isFinished { condition.wait() }
            return elements.isEmpty ? nil : elements.removeFirst()
        }
    }
}
