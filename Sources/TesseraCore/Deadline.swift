import Foundation

/// When what a thread does must be over. Work that takes long asks between its parts; whoever gave the time gets the error.
///
/// The time is that of a thread and of the tasks that it starts, as a `TaskLocal` is; a thread that works for another one
/// hands it on with `hold(until:_:)`.
public enum Deadline {
    /// The instant at which the work must be over; nil if it may take as long as it wants.
    @TaskLocal public static var current: ContinuousClock.Instant?

    /// Runs `body`, which must be over at `end`, or at what held before if that is earlier.
    public static func hold<Result>(until end: ContinuousClock.Instant?, _ body: () throws -> Result) rethrows -> Result
    {
        guard let end else { return try body() }
        return try $current.withValue(current.map { min($0, end) } ?? end, operation: body)
    }

    /// - Throws: `limitExceeded` if the time is over.
    public static func check() throws {
        guard let current, ContinuousClock.now > current else { return }
        throw over
    }

    private static var over: TesseraError {
        TesseraError(.limitExceeded, "this took longer than the time it was given")
    }

    /// The deadline of a loop that does little between two looks at the clock, read once: comparing two instants of `ContinuousClock`
    /// takes a microsecond or two, which counts where layers take ten.
    public struct Watch {
        /// Nanoseconds of the clock that `ContinuousClock` reads; nil if there is no deadline.
        private let end: Int64?

        /// Watches the deadline that holds now.
        public init() {
            end = Deadline.current.map { current in
                let (seconds, attoseconds) = (current - .now).components
                // Centuries do not fit.
                let whole = max(-1 << 32, min(seconds, 1 << 32))
                return Self.now + whole * 1_000_000_000 + attoseconds / 1_000_000_000
            }
        }

        /// - Throws: `limitExceeded` if the time is over.
        public func check() throws {
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
