import Synchronization
import TesseraCore

/// The events of a transport between those who report them and the one who consumes them.
///
/// Holds any number of events: a transport bounds them by the consumption that it is told of.
public final class EventQueue: Sendable {
    private struct Entry {
        let event: TransportEvent
        let onConsumption: (@Sendable () -> Void)?
    }

    private struct State {
        var entries = FIFO<Entry>()
        var consumer: CheckedContinuation<Entry?, Never>?
        var isFinished = false
    }

    private let state = Mutex(State())

    public init() {}

    /// The events in the order they were pushed. For one consumer at a time: a second one finds the stream at its end.
    public var events: AsyncStream<TransportEvent> {
        AsyncStream { await self.next() }
    }

    /// Adds an event; `onConsumption` is called when the consumer has taken it, or at once if the queue is finished.
    public func push(_ event: TransportEvent, onConsumption: (@Sendable () -> Void)? = nil) {
        let entry = Entry(event: event, onConsumption: onConsumption)
        let (isDropped, consumer) = state.withLock { state in
            guard !state.isFinished else { return (true, nil as CheckedContinuation<Entry?, Never>?) }
            if let consumer = state.consumer {
                state.consumer = nil
                return (false, consumer)
            }
            state.entries.append(entry)
            return (false, nil)
        }
        consumer?.resume(returning: entry)
        if isDropped { onConsumption?() }
    }

    /// Ends the stream after the events that are in it.
    public func finish() {
        let consumer = state.withLock { state in
            state.isFinished = true
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: nil)
    }

    private func next() async -> TransportEvent? {
        let entry = await withTaskCancellationHandler {
            await withCheckedContinuation { consume($0) }
        } onCancel: {
            let consumer = state.withLock { state in
                defer { state.consumer = nil }
                return state.consumer
            }
            consumer?.resume(returning: nil)
        }
        entry?.onConsumption?()
        return entry?.event
    }

    private func consume(_ consumer: CheckedContinuation<Entry?, Never>) {
        let answer = state.withLock { state -> Entry?? in
            if let entry = state.entries.popFirst() { return .some(entry) }
            if state.isFinished || state.consumer != nil || Task.isCancelled { return .some(nil) }
            state.consumer = consumer
            return .none
        }
        if let entry = answer { consumer.resume(returning: entry) }
    }
}
