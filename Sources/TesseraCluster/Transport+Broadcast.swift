import TesseraCore

extension Transport {
    /// Sends to several peers at once, so that a slow one does not hold up the others, and passes over those that are
    /// lost: a `broadcast` for transports that have nothing better.
    public func sendToAll(_ peers: [PeerID], _ message: Message) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for peer in peers {
                group.addTask {
                    do {
                        try await send(message, to: peer)
                    } catch let error as TesseraError where error.code == .nodeFailure {
                        return
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
