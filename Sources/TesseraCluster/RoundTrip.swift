/// A message to a peer that it answered at once: when both ends had it, each by its own clock, in nanoseconds.
///
/// What the peer says is its word only, so sums wrap around rather than trap.
public struct RoundTrip: Sendable, Equatable {
    /// By the clock of this node.
    public var sent: Int64
    /// By the clock of the peer.
    public var arrived: Int64
    public var answered: Int64
    /// By the clock of this node.
    public var returned: Int64

    public init(sent: Int64, arrived: Int64, answered: Int64, returned: Int64) {
        (self.sent, self.arrived, self.answered, self.returned) = (sent, arrived, answered, returned)
    }

    /// What the two ways took together.
    public var delay: Int64 { (returned &- sent) &- (answered &- arrived) }
}

/// How far the clock of a peer is ahead of this node's, in nanoseconds.
public struct ClockOffset: Sendable, Equatable {
    public var nanoseconds: Int64
    /// How much more or less it may be, however differently long the two ways were.
    public var bound: Int64

    /// Two clocks that are one.
    public static let none = ClockOffset(nanoseconds: 0, bound: 0)

    init(nanoseconds: Int64, bound: Int64) { (self.nanoseconds, self.bound) = (nanoseconds, bound) }

    /// The estimate of NTP (RFC 5905, 8 and 10): of all round trips the one with the least delay, both of whose ways are taken to
    /// have been as long. Were they not, the offset would differ by half the delay at most.
    ///
    /// - Returns: nil without a round trip.
    public init?(_ roundTrips: [RoundTrip]) {
        guard let best = roundTrips.min(by: { $0.delay < $1.delay }) else { return nil }
        nanoseconds = ((best.arrived &- best.sent) &+ (best.answered &- best.returned)) / 2
        bound = max(0, best.delay / 2 &+ best.delay % 2)
    }
}
