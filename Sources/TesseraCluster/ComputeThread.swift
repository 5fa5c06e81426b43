import Foundation
import TesseraCore

/// A thread of a node's own on which its kernels run, one after the other.
///
/// Kernels block for long, which the threads that serve `async` functions must not; and the team of OpenMP threads that
/// a kernel uses belongs to the thread that calls it.
///
/// `@unchecked Sendable`: `jobs` and `isClosed` are only touched under `condition`.
final class ComputeThread: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [@Sendable () -> Void] = []
    private var isClosed = false

    init(name: String) {
        let thread = Thread { [self] in
            while let job = next() { job() }
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Runs `body` on the thread after what was given before.
    ///
    /// - Throws: what `body` throws; `nodeFailure` if the thread was closed.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let isAccepted = enqueue { continuation.resume(with: Swift.Result(catching: body)) }
            if !isAccepted { continuation.resume(throwing: TesseraError(.nodeFailure, "the node is shut down")) }
        }
    }

    /// Ends the thread after the jobs that it has.
    func close() {
        condition.lock()
        isClosed = true
        condition.signal()
        condition.unlock()
    }

    private func enqueue(_ job: @escaping @Sendable () -> Void) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !isClosed else { return false }
        jobs.append(job)
        condition.signal()
        return true
    }

    private func next() -> (@Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty, !isClosed { condition.wait() }
        return jobs.isEmpty ? nil : jobs.removeFirst()
    }
}
