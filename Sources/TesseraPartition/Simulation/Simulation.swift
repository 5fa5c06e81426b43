import TesseraCore

/// What became of some inferences in virtual time. All times are seconds since the first picture arrived.
public struct Simulation: Sendable {
    public enum Activity: String, Sendable, CaseIterable, Codable {
        case receive, compute, send
    }

    /// When a device did one thing.
    public struct Interval: Sendable, Equatable {
        /// See `ClusterProfile.device(at:)`.
        public let endpoint: Int
        public let activity: Activity
        public let start: Double
        public let end: Double
        /// Counted from 0.
        public let picture: Int
        /// The stage that it was for, counted from 0; the leader's layers come after all stages.
        public let stage: Int

        public init(endpoint: Int, activity: Activity, start: Double, end: Double, picture: Int, stage: Int) {
            (self.endpoint, self.activity, self.start, self.end) = (endpoint, activity, start, end)
            (self.picture, self.stage) = (picture, stage)
        }
    }

    public let intervals: [Interval]
    /// When the result of each picture was there.
    public let finishTimes: [Double]
    /// Bytes that moved between devices.
    public let byteCount: Int

    /// When the last result was there.
    public var duration: Double { finishTimes.max() ?? 0 }
    /// Pictures a second, from the arrival of the first until the last result.
    public var throughput: Double { duration > 0 ? Double(finishTimes.count) / duration : .infinity }

    /// The seconds for which each device was busy in one way, by endpoint.
    public func busySeconds(_ activity: Activity, endpoints: Int) -> [Double] {
        intervals.reduce(into: [Double](repeating: 0, count: endpoints)) { sums, interval in
            if interval.activity == activity { sums[interval.endpoint] += interval.end - interval.start }
        }
    }
}

extension Plan {
    /// Runs the plan in virtual time, as a simulation of discrete events.
    ///
    /// Every device computes one tile at a time, sends one piece at a time and receives one piece at a time, all three beside each
    /// other. A tile waits for its pieces, a piece for the tile that makes it. A piece of b bytes keeps the sender busy for
    /// b / bandwidth; `latency` later it keeps the receiver busy for as long, once what was sent there before has been received. Of
    /// what could be done next, that of the earliest picture and stage is: all pictures are there from the start.
    ///
    /// - Parameters:
    ///   - pictures: how many inferences there are.
    ///   - slowdowns: by endpoint, how many times as long everything takes to compute there.
    /// - Throws: `invalidArgument` if the model is of another cluster, or for no picture.
    public func simulated(
        with model: CostModel, pictures: Int = 1, slowdowns: [Int: Double] = [:]
    ) throws -> Simulation {
        guard nodeCount <= model.cluster.nodes.count else {
            throw TesseraError(
                .invalidArgument,
                "expected a cluster of at least \(nodeCount) nodes, found \(model.cluster.nodes.count)")
        }
        guard (1...100_000).contains(pictures) else {
            throw TesseraError(.invalidArgument, "expected 1 to 100000 pictures, found \(pictures)")
        }
        for (endpoint, factor) in slowdowns where !(factor > 0 && factor <= 1e6) {
            throw TesseraError(
                .invalidArgument,
                "expected '\(model.cluster.device(at: endpoint).name)' to take 0 to 1000000 times as long, found \(factor)"
            )
        }
        let tasks = PlanTasks(self, model, slowdowns: slowdowns).tasks
        var run = EventSimulation(tasks, cluster: model.cluster, pictures: pictures)
        return try run.run()
    }
}
