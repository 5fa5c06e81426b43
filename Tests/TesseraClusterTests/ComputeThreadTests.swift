import Foundation
import TesseraCore
import Testing

@testable import TesseraCluster

@Suite struct ComputeThreadTests {
    private static var thread: UInt { UInt(pthread_self()) }

    @Test("what is run, and what a task that prefers it does after waiting, is on the one thread")
    func oneThread() async throws {
        let compute = ComputeThread(name: "test")
        defer { compute.close() }
        let own = try await compute.run { Self.thread }
        #expect(try await compute.run { Self.thread } == own)
        let seen = await withTaskExecutorPreference(compute) {
            let before = Self.thread
            try? await Task.sleep(for: .milliseconds(5))
            return [before, Self.thread]
        }
        #expect(seen == [own, own])
        #expect(Self.thread != own)
    }

    @Test("after it is closed nothing is run, and a task that prefers it ends by other threads")
    func closing() async throws {
        let compute = ComputeThread(name: "test")
        let (began, signal) = AsyncStream.makeStream(of: Void.self)
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let task = Task(executorPreference: compute) {
            signal.finish()
            for await _ in gate {}
            return Self.thread
        }
        for await _ in began {}
        let own = try await compute.run { Self.thread }
        compute.close()
        opening.finish()
        #expect(await task.value != own)
        let error = await #expect(throws: TesseraError.self) { try await compute.run {} }
        #expect(error?.code == .nodeFailure)
    }

    @Test("an error reaches whoever asked, and the next job runs")
    func errors() async throws {
        let compute = ComputeThread(name: "test")
        defer { compute.close() }
        let error = await #expect(throws: TesseraError.self) {
            try await compute.run { throw TesseraError(.backendFailure, "a kernel failed") }
        }
        #expect(error?.code == .backendFailure)
        #expect(try await compute.run { 7 } == 7)
    }

    @Test("a thread that is closed is freed")
    func lifetime() async throws {
        weak var weakly: ComputeThread?
        do {
            let compute = ComputeThread(name: "test")
            weakly = compute
            try await compute.run {}
            compute.close()
        }
        for _ in 0..<500 where weakly != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(weakly == nil)
    }
}
