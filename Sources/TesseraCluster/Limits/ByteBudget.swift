import Synchronization
import TesseraCore

/// Bytes that many share, up to a limit.
package final class ByteBudget: Sendable {
    /// A part of the budget, which is given back with the last reference to it.
    package final class Share: Sendable {
        private let budget: ByteBudget
        package let byteCount: Int

        fileprivate init(_ budget: ByteBudget, _ byteCount: Int) { (self.budget, self.byteCount) = (budget, byteCount) }

        deinit { budget.release(byteCount) }
    }

    /// What the limit is called where it is set.
    private let name: String
    package let limit: Int
    private let used = Mutex(0)

    package init(_ name: String, limit: Int) { (self.name, self.limit) = (name, limit) }

    package var byteCount: Int { used.withLock { $0 } }

    /// - Throws: `limitExceeded` if that would be more than the limit.
    package func reserve(_ byteCount: Int) throws -> Share {
        try used.withLock { used throws in
            let (sum, overflow) = used.addingReportingOverflow(byteCount)
            guard !overflow, sum <= limit else {
                throw TesseraError(
                    .limitExceeded,
                    "expected at most \(limit) bytes (the limit '\(name)'), found \(used) in use and \(byteCount) more")
            }
            used = sum
        }
        return Share(self, byteCount)
    }

    private func release(_ byteCount: Int) { used.withLock { $0 -= byteCount } }
}
