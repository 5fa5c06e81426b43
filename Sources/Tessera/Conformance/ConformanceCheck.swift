import Foundation
import Synchronization
import TesseraPlugins

/// Something that a module promises, and how to see whether it keeps it.
public struct ConformanceCheck: Sendable {
    /// The promise, in words.
    public let promise: String
    private let body: @Sendable () async throws -> Void

    init(_ promise: String, _ body: @escaping @Sendable () async throws -> Void) {
        (self.promise, self.body) = (promise, body)
    }

    /// - Throws: what does not hold, or what the module threw.
    public func run() async throws { try await body() }

    /// Runs it while every access of libraries is watched: to memory beside what they are given, right before or right after, writes to
    /// what they may only read, and reads of options that they do not declare.
    ///
    /// It catches SIGSEGV from then on, so it is for processes that do nothing else.
    ///
    /// - Throws: `outOfMemory` if there are no addresses for it; else what does not hold.
    public func runWatched() async throws {
        for side in PluginGuard.Side.allCases {
            var failure: (any Error)?
            let result = try await PluginGuard.watching(side) {
                do { try await body() } catch { failure = error }
            }
            guard result.findings.isEmpty else {
                throw BrokenPromise(
                    description: (result.findings + (failure.map { ["\($0)"] } ?? [])).joined(separator: "; "))
            }
            if let failure { throw failure }
            // Other modules have no use for a second time.
            if !result.sawMemory { return }
        }
    }
}

extension ConformanceCheck {
    /// Does something on several threads at once, several times each.
    ///
    /// - Parameter body: says whether what it found is as expected.
    /// - Throws: `BrokenPromise` if it is not, or the first error.
    static func atOnce(_ body: @escaping @Sendable () throws -> Bool) throws {
        let (threads, repetitions) = (4, 3)
        let failure = Mutex<(any Error)?>(nil)
        let others = DispatchGroup()
        for _ in 0..<threads {
            others.enter()
            Thread.detachNewThread {
                defer { others.leave() }
                do {
                    for _ in 0..<repetitions where try !body() {
                        throw BrokenPromise(
                            description: "expected the same on \(threads) threads at once, found other results")
                    }
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
            }
        }
        others.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

/// A promise that does not hold.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String
}
