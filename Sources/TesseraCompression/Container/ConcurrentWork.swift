import Dispatch
import Synchronization
import TesseraCore

/// Runs a closure on several threads, with the time that this one has, and returns when all are through.
func concurrently(threads: Int, _ body: @Sendable (Int) -> Void) {
    guard threads > 1 else { return body(0) }
    let (deadline, interruption) = (Deadline.current, Deadline.interruption)
    DispatchQueue.concurrentPerform(iterations: threads) { index in
        Deadline.hold(until: deadline, or: interruption) { body(index) }
    }
}

/// Hands out each index once.
final class NextIndex: Sendable {
    private let next = Atomic(0)
    private let count: Int

    init(count: Int) { self.count = count }

    func take() -> Int? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < count ? index : nil
    }
}

/// Results that threads put in their places.
final class ResultSlots<Value: Sendable>: Sendable {
    private let slots: Mutex<[Result<Value, any Error>?]>

    init(count: Int) { slots = Mutex(Array(repeating: nil, count: count)) }

    func set(_ index: Int, _ result: Result<Value, any Error>) { slots.withLock { $0[index] = result } }

    /// All values, in the order of their places.
    func values() throws -> [Value] {
        try slots.withLock { slots in
            try slots.map { slot in
                guard let slot else { throw TesseraError(.backendFailure, "work was left undone") }
                return try slot.get()
            }
        }
    }
}
