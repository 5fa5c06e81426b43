import Foundation
import Synchronization

/// Passes signals that ask this process to stop on to another one, and lets them take effect here once that has ended.
final class SignalForwarding {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    private final class Caught: Sendable {
        let signal = Mutex<Int32?>(nil)
    }

    private let caught = Caught()
    private let sources: [any DispatchSourceSignal]

    init(to process: Int32) {
        sources = Self.signals.map { [caught] signal in
            Foundation.signal(signal, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: signal, queue: .global())
            source.setEventHandler {
                caught.signal.withLock { $0 = signal }
                kill(process, signal)
            }
            source.resume()
            return source
        }
    }

    /// To be called once the other process has ended.
    func end() {
        for source in sources { source.cancel() }
        for signal in Self.signals { Foundation.signal(signal, SIG_DFL) }
        guard let signal = caught.signal.withLock({ $0 }) else { return }
        // The threads of queues take no signals.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, signal)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        raise(signal)
    }
}
