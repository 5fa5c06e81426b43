import Dispatch
import Foundation
import TesseraCore

/// A thread of a node's own on which its kernels run, one after the other.
///
/// Kernels block for long, which the threads that serve `async` functions must not; and the team of OpenMP threads that
/// a kernel uses belongs to the thread that calls it. As an executor, it also goes on with what follows a kernel: another thread would
/// have to be woken for that while somebody waits for the result.
///
/// `@unchecked Sendable`: `jobs` and `isClosed` are only touched under `condition`.
final class ComputeThread: TaskExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs = FIFO<UnownedJob>()
    private var isClosed = false

    init(name: String) {
        let thread = Thread { [self] in
            while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Runs `body` on the thread after what was given before.
    ///
    /// - Throws: what `body` throws; `nodeFailure` if the thread was closed before it began.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withTaskExecutorPreference(self) {
            try self.requireOpen()
            return try body()
        }
    }

    /// - Throws: `nodeFailure` if the thread was closed.
    func requireOpen() throws {
        guard condition.withLock({ !isClosed }) else { throw TesseraError(.nodeFailure, "the node is shut down") }
    }

    /// Ends the thread: what has not begun fails. What tasks that prefer it still have to do is done by other threads.
    func close() {
        condition.withLock {
            isClosed = true
            condition.signal()
        }
    }

    /// Lets threads go first that wait for the core of this one, which must be the caller, such as the one that puts on the wire what was
    /// just sent. A kernel that begins would hold it up for some milliseconds where each core has one to run.
    func giveWay() { sched_yield() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isAccepted = condition.withLock {
            guard !isClosed else { return false }
            jobs.append(job)
            condition.signal()
            return true
        }
        if !isAccepted { DispatchQueue.global().async { job.runSynchronously(on: self.asUnownedTaskExecutor()) } }
    }

    private func next() -> UnownedJob? {
        condition.withLock {
            while jobs.isEmpty, !isClosed { condition.wait() }
            return jobs.popFirst()
        }
    }
}
