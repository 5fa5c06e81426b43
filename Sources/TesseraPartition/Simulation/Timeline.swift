/// What the devices of a cluster did when in some inferences: by a simulation, or measured. All times are seconds since the first
/// picture arrived.
public struct Timeline: Sendable {
    /// What the devices are called. Intervals count them from 0.
    public let devices: [String]
    /// Where pictures arrive.
    public let leader: Int
    public let intervals: [Simulation.Interval]
    /// When the result of each picture was there.
    public let finishTimes: [Double]
    /// Bytes that moved between devices.
    public let byteCount: Int
    /// What a reader should know of how it came about.
    public let remark: String?

    /// When the last result was there.
    public var duration: Double { finishTimes.max() ?? 0 }

    public init(
        devices: [String], leader: Int, intervals: [Simulation.Interval], finishTimes: [Double], byteCount: Int,
        remark: String? = nil
    ) {
        (self.devices, self.leader, self.intervals) = (devices, leader, intervals)
        (self.finishTimes, self.byteCount, self.remark) = (finishTimes, byteCount, remark)
    }

    /// That of a simulation on `cluster`.
    public init(_ simulation: Simulation, on cluster: ClusterProfile) {
        self.init(
            devices: (0..<cluster.endpointCount).map {
                cluster.device(at: $0).name + ($0 == cluster.leaderNode ? " (leader)" : "")
            },
            leader: cluster.leaderEndpoint, intervals: simulation.intervals, finishTimes: simulation.finishTimes,
            byteCount: simulation.byteCount)
    }

    /// The seconds for which a device was busy in one way.
    public func busySeconds(_ activity: Simulation.Activity, of device: Int) -> Double {
        intervals.reduce(0) { sum, interval in
            interval.endpoint == device && interval.activity == activity ? sum + interval.end - interval.start : sum
        }
    }
}
