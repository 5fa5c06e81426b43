import TesseraCluster
import TesseraPartition

/// What devices did when in inferences that ran, for JSON. All times are milliseconds since the first picture arrived, on the leader's
/// clock.
public struct TimelineReport: Encodable, Sendable {
    /// One device's share.
    public struct Share: Encodable, Sendable {
        public let device: String
        public let compute_ms: Double
        public let send_ms: Double
        public let receive_ms: Double
        /// By how much its times may be off at most, since its clock is another one.
        public let clock_bound_ms: Double
    }

    public struct Interval: Encodable, Sendable {
        public let device: String
        /// `receive`, `compute` or `send`.
        public let activity: String
        public let start_ms: Double
        public let end_ms: Double
        /// Counted from 1, as stages are; the leader's layers come after all stages.
        public let picture: Int
        public let stage: Int
    }

    public let devices: [Share]
    public let intervals: [Interval]
    /// When the result of each picture was there.
    public let finish_ms: [Double]

    public let timeline: Timeline
    /// Whether nothing was left out for being too much.
    public let isComplete: Bool

    private enum CodingKeys: CodingKey { case devices, intervals, finish_ms }

    public init(_ measured: MeasuredTimeline) {
        let timeline = measured.timeline()
        (self.timeline, isComplete) = (timeline, measured.isComplete)
        devices = timeline.devices.enumerated().map { index, name in
            Share(
                device: name, compute_ms: timeline.busySeconds(.compute, of: index) * 1e3,
                send_ms: timeline.busySeconds(.send, of: index) * 1e3,
                receive_ms: timeline.busySeconds(.receive, of: index) * 1e3,
                clock_bound_ms: measured.clockBounds[index] * 1e3)
        }
        intervals = timeline.intervals.sorted { $0.start < $1.start }.map {
            Interval(
                device: timeline.devices[$0.endpoint], activity: $0.activity.rawValue, start_ms: $0.start * 1e3,
                end_ms: $0.end * 1e3, picture: $0.picture + 1, stage: $0.stage + 1)
        }
        finish_ms = timeline.finishTimes.map { $0 * 1e3 }
    }
}
