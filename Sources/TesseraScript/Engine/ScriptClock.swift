import Synchronization

/// Until when a script runs, for the plugins that it calls, on whatever thread.
public final class ScriptClock: Sendable {
    private let end = Mutex<ContinuousClock.Instant?>(nil)

    public init() {}

    /// Seconds until the run that is under way must end; nil if none is, or if it has no end.
    var secondsLeft: Double? { end.withLock { $0.map { ($0 - .now) / .seconds(1) } } }

    func start(_ seconds: Double?) {
        // Beyond a year the clock would overflow.
        end.withLock { $0 = seconds.map { .now + .seconds(min($0, 3e7)) } }
    }

    func stop() { end.withLock { $0 = nil } }
}
