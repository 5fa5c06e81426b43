import Dispatch
import Synchronization
import TesseraCore

/// Waits on a script's thread for what other threads do.
///
/// - Throws: what `body` throws, or `limitExceeded` if it takes longer than `seconds`; it is cancelled then.
func wait<Value: Sendable>(atMost seconds: Double?, for body: @escaping @Sendable () async throws -> Value) throws
    -> Value
{
    let answer = Answer<Value>()
    let done = DispatchSemaphore(value: 0)
    let task = Task.detached {
        do { answer.set(.success(try await body())) } catch { answer.set(.failure(error)) }
        done.signal()
    }
    // Beyond a year a timeout would overflow the clock.
    let deadline = seconds.map { DispatchTime.now() + min(max(0, $0), 3e7) } ?? .distantFuture
    guard done.wait(timeout: deadline) == .success, let result = answer.value else {
        task.cancel()
        throw TesseraError(.limitExceeded, "this took longer than the script may run")
    }
    return try result.get()
}

private final class Answer<Value: Sendable>: Sendable {
    private let content = Mutex<Result<Value, any Error>?>(nil)
    var value: Result<Value, any Error>? { content.withLock { $0 } }
    func set(_ result: Result<Value, any Error>) { content.withLock { $0 = result } }
}
