import Foundation
import Synchronization

/// Passes signals that ask this process to stop on to another one, and lets them take effect here once that has ended.
final class SignalForwarding {
    /// The signals that end this process, which whoever started it may have chosen to be ignored.
    private let signals: [Int32]

    private final class Caught: Sendable {
        let signal = Mutex<Int32?>(nil)
    }

    private let caught = Caught()
    private let sources: [any DispatchSourceSignal]

    init(to process: Int32) {
        let ignored = unsafeBitCast(SIG_IGN, to: Int.self)
        signals = [SIGINT, SIGTERM, SIGHUP].filter {
            unsafeBitCast(Foundation.signal($0, SIG_IGN), to: Int.self) != ignored
        }
        sources = signals.map { [caught] signal in
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
        for signal in signals { Foundation.signal(signal, SIG_DFL) }
        guard let signal = caught.signal.withLock({ $0 }) else { return }
        // The threads of queues take no signals.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, signal)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        raise(signal)
    }
}
