import Foundation
import Synchronization

/// When what a thread does must be over. Work that takes long asks between its parts; whoever gave the time gets the error.
///
/// The time is that of a thread and of the tasks that it starts, as a `TaskLocal` is; a thread that works for another one
/// hands it on with `hold(until:or:_:)`.
public enum Deadline {
    /// The instant at which the work must be over; nil if it may take as long as it wants.
    @TaskLocal public static var current: ContinuousClock.Instant?
    /// What may end the work before its time is over; nil if nothing does.
    @TaskLocal public static var interruption: Interruption?

    /// Runs `body`, which must be over at `end`, or at what held before if that is earlier, and once `interruption` is requested.
    public static func hold<Result>(
        until end: ContinuousClock.Instant?, or interruption: Interruption? = nil, _ body: () throws -> Result
    ) rethrows -> Result {
        if let interruption {
            return try $interruption.withValue(interruption) { try hold(until: end, body) }
        }
        guard let end else { return try body() }
        return try $current.withValue(current.map { min($0, end) } ?? end, operation: body)
    }

    /// Runs `body`, which may take as long as it wants.
    public static func lift<Result>(_ body: () throws -> Result) rethrows -> Result {
        try $interruption.withValue(nil) { try $current.withValue(nil, operation: body) }
    }

    /// - Throws: `limitExceeded` if the time is over, or the work was interrupted.
    public static func check() throws {
        if let interruption, interruption.isRequested { throw Self.interrupted }
        guard let current, ContinuousClock.now > current else { return }
        throw over
    }

    private static var over: TesseraError {
        TesseraError(.limitExceeded, "this took longer than the time it was given")
    }

    private static var interrupted: TesseraError { TesseraError(.limitExceeded, "this was interrupted") }

    /// The deadline of a loop that does little between two looks at the clock, read once: comparing two instants of `ContinuousClock`
    /// takes a microsecond or two, which counts where layers take ten.
    public struct Watch {
        /// Nanoseconds of the clock that `ContinuousClock` reads; nil if there is no deadline.
        private let end: Int64?
        private let interruption: Interruption?

        /// Watches the deadline that holds now.
        public init() {
            interruption = Deadline.interruption
            end = Deadline.current.map { current in
                let (seconds, attoseconds) = (current - .now).components
                // Centuries do not fit.
                let whole = max(-1 << 32, min(seconds, 1 << 32))
                return Self.now + whole * 1_000_000_000 + attoseconds / 1_000_000_000
            }
        }

        /// - Throws: `limitExceeded` if the time is over, or the work was interrupted.
        public func check() throws {
            if let interruption, interruption.isRequested { throw Deadline.interrupted }
            guard let end, Self.now > end else { return }
            throw Deadline.over
        }

        private static var now: Int64 {
            var time = timespec()
            clock_gettime(CLOCK_BOOTTIME, &time)
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        }
    }
}

/// A request to end what is under way, from any thread.
public final class Interruption: Sendable {
    private let flag = Atomic(false)

    public init() {}

    public var isRequested: Bool { flag.load(ordering: .relaxed) }
    public func request() { flag.store(true, ordering: .relaxed) }
    /// Lets what comes next run.
    public func withdraw() { flag.store(false, ordering: .relaxed) }
}
