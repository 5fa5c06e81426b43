import Foundation
import TesseraCore
import TesseraNetwork

/// Makes batches on threads of its own, a few ahead of the one that is asked for, and gives them in order.
///
/// `@unchecked Sendable`: everything that changes is guarded by `condition`.
final class BatchLoader: @unchecked Sendable {
    private let maker: SampleMaker
    private let batches: [[Int]]
    private let epoch: Int
    private let condition = NSCondition()
    private var started: Int
    private var taken: Int
    private var ready: [Int: Result<TrainingBatch, any Error>] = [:]
    private var isStopped = false
    /// How many are to be started.
    private var waitingThreads: Int

    /// - Parameters:
    ///   - batches: the numbers of the pictures of each batch.
    ///   - first: the batch to begin with.
    init(_ maker: SampleMaker, batches: [[Int]], epoch: Int, first: Int = 0, threads: Int) {
        (self.maker, self.batches, self.epoch) = (maker, batches, epoch)
        (started, taken, waitingThreads) = (first, first, max(1, threads))
    }

    /// The next batch, nil after the last one. The first call starts the threads.
    ///
    /// - Throws: what making it threw, and `limitExceeded` when the thread's `Deadline` is over.
    func next() throws -> TrainingBatch? {
        condition.lock()
        defer { condition.unlock() }
        guard taken < batches.count else { return nil }
        for _ in 0..<waitingThreads {
            let thread = Thread { [self] in work() }
            thread.name = "batches"
            thread.start()
        }
        waitingThreads = 0
        while ready[taken] == nil {
            try Deadline.check()
            _ = condition.wait(until: Date(timeIntervalSinceNow: 0.2))
        }
        let result = ready.removeValue(forKey: taken)
        taken += 1
        condition.broadcast()
        return try result?.get()
    }

    /// Ends the threads; they may still finish what they are at.
    func stop() {
        condition.lock()
        isStopped = true
        condition.broadcast()
        condition.unlock()
    }

    private func work() {
        condition.lock()
        defer { condition.unlock() }
        while true {
            while !isStopped && started < batches.count && started - taken >= TrainingBatches.ahead { condition.wait() }
            guard !isStopped, started < batches.count else { return }
            let number = started
            started += 1
            condition.unlock()
            let result = Result { try maker.batch(batches[number], epoch: epoch) }
            condition.lock()
            ready[number] = result
            condition.broadcast()
        }
    }
}

/// The order of pictures in an epoch, and how they fall into batches.
enum BatchOrder {
    /// All pictures in an order that depends on the seed and the epoch; what does not fill a batch is left out.
    static func shuffled(_ count: Int, batch: Int, seed: Int, epoch: Int) -> [[Int]] {
        var random = SplitMix64(seed: seed, name: "order.\(epoch)")
        let order = Array(0..<count).shuffled(using: &random)
        return (0..<count / batch).map { Array(order[$0 * batch..<($0 + 1) * batch]) }
    }

    /// All pictures in their own order; the last batch may be smaller.
    static func sequential(_ count: Int, batch: Int) -> [[Int]] {
        stride(from: 0, to: count, by: batch).map { Array($0..<min($0 + batch, count)) }
    }
}
