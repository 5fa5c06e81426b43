import Synchronization
import TesseraCore

/// Until when a script runs, for the plugins that it calls, on whatever thread.
public final class ScriptClock: Sendable {
    private let end = Mutex<ContinuousClock.Instant?>(nil)
    /// Ends a run before its time is over; what is not under way yet, it leaves alone.
    public let interruption: Interruption

    public init() { interruption = Interruption() }

    /// A clock of what works for a script, and ends with it.
    init(for caller: ScriptClock?) { interruption = caller?.interruption ?? Interruption() }

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
