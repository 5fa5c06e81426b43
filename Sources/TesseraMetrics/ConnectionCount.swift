import NIOCore
import Synchronization
import TesseraCore

/// Turns connections away beyond a limit.
final class ConnectionCount: Sendable {
    private let limit: Int
    private let count = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// Counts a connection until it is closed.
    ///
    /// - Throws: `limitExceeded`.
    func add(_ channel: any Channel) throws {
        try count.withLock { count throws in
            guard count < limit else {
                throw TesseraError(.limitExceeded, "expected at most \(limit) connections, found one more")
            }
            count += 1
        }
        channel.closeFuture.whenComplete { _ in self.count.withLock { $0 -= 1 } }
    }
}
