import Foundation

/// Tells when the process is asked to stop, by Ctrl-C or a signal to terminate, from when it is made on.
final class StopSignals {
    let requests: AsyncStream<Void>
    let continuation: AsyncStream<Void>.Continuation
    private let sources: [any DispatchSourceSignal]

    init() {
        let (requests, continuation) = AsyncStream.makeStream(of: Void.self)
        (self.requests, self.continuation) = (requests, continuation)
        sources = [SIGINT, SIGTERM].map { signal in
            Foundation.signal(signal, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: signal)
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
    }

    deinit { for source in sources { source.cancel() } }
}
