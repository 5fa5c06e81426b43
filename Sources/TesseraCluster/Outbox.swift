import Synchronization

/// What is to be sent to peers, beside whatever posts it: each peer gets its own in order, and one that is slow to take it holds up
/// nobody else.
///
/// Nobody who posts waits, so whoever does has to know that what waits is bounded.
final class Outbox: Sendable {
    typealias Delivery = @Sendable () async throws -> Void

    private struct State {
        var queues: [PeerID: AsyncStream<Delivery>.Continuation] = [:]
        var senders: [Task<Void, Never>] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let onFailure: @Sendable (any Error) async -> Void

    /// - Parameter onFailure: told why something could not be sent. What was posted to the same peer after it is dropped.
    init(onFailure: @escaping @Sendable (any Error) async -> Void = { _ in }) { self.onFailure = onFailure }

    func post(to peer: PeerID, _ delivery: @escaping Delivery) {
        state.withLock { state in
            guard !state.isClosed else { return }
            let queue = state.queues[peer] ?? open(peer, &state)
            queue.yield(delivery)
        }
    }

    /// Drops what is not sent yet.
    func close() {
        let senders = state.withLock { state in
            state.isClosed = true
            for queue in state.queues.values { queue.finish() }
            state.queues = [:]
            defer { state.senders = [] }
            return state.senders
        }
        for sender in senders { sender.cancel() }
    }

    private func open(_ peer: PeerID, _ state: inout State) -> AsyncStream<Delivery>.Continuation {
        let (deliveries, queue) = AsyncStream.makeStream(of: Delivery.self)
        state.queues[peer] = queue
        state.senders.append(
            Task { [onFailure] in
                do {
                    for await delivery in deliveries { try await delivery() }
                } catch {
                    guard !Task.isCancelled else { return }
                    await onFailure(error)
                }
            })
        return queue
    }
}
