import Dispatch
import Foundation
import Synchronization
import TesseraCore

/// Waits on a script's thread for what other threads do.
///
/// - Throws: what `body` throws, or `limitExceeded` if it takes longer than `seconds`; it is cancelled then.
func wait<Value: Sendable>(atMost seconds: Double?, for body: @escaping @Sendable () async throws -> Value) throws
    -> Value
{
    let answer = Answer<Value>()
    let task = Task.detached {
        do { answer.set(.success(try await body())) } catch { answer.set(.failure(error)) }
    }
    do { return try answer.await(atMost: seconds) } catch {
        task.cancel()
        throw error
    }
}

/// Has a thread of its own compute what nothing can stop, and waits for it.
///
/// - Throws: what `body` throws, or `limitExceeded` if it takes longer than `seconds`; it goes on then, and nobody has its result.
func compute<Value: Sendable>(atMost seconds: Double?, _ body: @escaping @Sendable () throws -> Value) throws -> Value {
    let answer = Answer<Value>()
    let thread = Thread { answer.set(Result(catching: body)) }
    thread.stackSize = 8 << 20
    thread.start()
    return try answer.await(atMost: seconds)
}

private final class Answer<Value: Sendable>: Sendable {
    private let content = Mutex<Result<Value, any Error>?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func set(_ result: Result<Value, any Error>) {
        content.withLock { $0 = result }
        isThere.signal()
    }

    func await(atMost seconds: Double?) throws -> Value {
        // Beyond a year a timeout would overflow the clock.
        let deadline = seconds.map { DispatchTime.now() + min(max(0, $0), 3e7) } ?? .distantFuture
        while isThere.wait(timeout: min(deadline, .now() + 0.05)) != .success {
            try Deadline.check()
            guard .now() < deadline else {
                throw TesseraError(.limitExceeded, "this took longer than the script may run")
            }
        }
        guard let result = content.withLock({ $0 }) else {
            throw TesseraError(.limitExceeded, "this ended without a result")
        }
        return try result.get()
    }
}
