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
    public static func check() throws { try check(current) }

    /// The same for a deadline that was read once, in loops that do little between two checks.
    public static func check(_ end: ContinuousClock.Instant?) throws {
        guard let end, ContinuousClock.now > end else { return }
        throw TesseraError(.limitExceeded, "this took longer than the time it was given")
    }
}
