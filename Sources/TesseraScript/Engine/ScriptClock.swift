import Synchronization

/// Until when a script runs, for the plugins that it calls, on whatever thread.
public final class ScriptClock: Sendable {
    private let end = Mutex<ContinuousClock.Instant?>(nil)

    public init() {}

    /// Seconds until the run that is under way must end; nil if none is, or if it has no end.
    var secondsLeft: Double? { end.withLock { $0.map { ($0 - .now) / .seconds(1) } } }

    /// - Returns: when the run must be over.
    func start(_ seconds: Double?) -> ContinuousClock.Instant? {
        // Beyond a year the clock would overflow.
        let end = seconds.map { ContinuousClock.now + .seconds(min($0, 3e7)) }
        self.end.withLock { $0 = end }
        return end
    }

    func stop() { end.withLock { $0 = nil } }
}
