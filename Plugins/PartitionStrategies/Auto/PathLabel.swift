import TesseraPartition

/// A way through stages, with what it costs so far.
struct PathLabel {
    struct Step {
        let start: Int
        let cut: Int
        let tiling: Int
    }

    private(set) var steps: [Step] = []
    /// When the last device was done, in seconds.
    private(set) var time = 0.0
    // By endpoint.
    /// When it was done with the latest stage that it had part in.
    private var done: [Double]
    private var sendsFrom: [Double]
    private var receivesFrom: [Double]
    /// When it will be done with the stage that is being added.
    private var ends: [Double]
    /// Seconds of computing, sending and receiving, all inferences being alike.
    private var computing: [Double]
    private var sending: [Double]
    private var receiving: [Double]
    private var weights: [Int]
    private var activations: [Int]

    static func start(endpoints count: Int) -> PathLabel { PathLabel(count) }

    private init(_ count: Int) {
        let zeros = [Double](repeating: 0, count: count)
        (done, sendsFrom, receivesFrom, ends) = (zeros, zeros, zeros, zeros)
        (computing, sending, receiving) = (zeros, zeros, zeros)
        (weights, activations) = (Array(repeating: 0, count: count), Array(repeating: 0, count: count))
    }

    mutating func append(_ step: Step) { steps.append(step) }

    /// When a device was done with the latest stage that it had part in.
    func doneTime(of endpoint: Int) -> Double { done[endpoint] }

    /// When it will be done with the stage that is being added, so far.
    func endTime(of endpoint: Int) -> Double { ends[endpoint] }

    mutating func beginStage() { ends = done }

    /// A piece goes from one device to another, as in a simulation.
    ///
    /// - Returns: when it is there.
    mutating func send(_ bytes: Int, from source: Int, to destination: Int, over links: LinkTable) -> Double {
        guard source != destination else { return done[source] }
        let link = links[source, destination]
        let seconds = link.seconds(for: bytes)
        let begin = max(done[source], sendsFrom[source])
        sendsFrom[source] = begin + seconds
        let arrival = max(begin + link.latency, receivesFrom[destination]) + seconds
        receivesFrom[destination] = arrival
        sending[source] += seconds
        receiving[destination] += seconds
        return arrival
    }

    mutating func compute(_ seconds: Double, at endpoint: Int, from ready: Double) {
        ends[endpoint] = max(ready, ends[endpoint]) + seconds
        computing[endpoint] += seconds
    }

    mutating func endStage() {
        done = ends
        time = done.max() ?? 0
    }

    mutating func take(weights bytes: Int, activations: Int, at endpoint: Int) {
        weights[endpoint] += bytes
        self.activations[endpoint] = max(self.activations[endpoint], activations)
    }

    /// The seconds of the device that has most to do: what an inference takes when there are always more.
    var bottleneck: Double {
        max(computing.max() ?? 0, sending.max() ?? 0, receiving.max() ?? 0)
    }

    /// What devices need.
    var memory: MemoryNeed { MemoryNeed(zip(weights, activations).map(+)) }

    /// - Parameter budgets: by endpoint, in bytes.
    func fits(_ budgets: [Double]) -> Bool {
        budgets.indices.allSatisfy { Double(weights[$0] + activations[$0]) <= budgets[$0] }
    }

    /// The largest part of any device's memory that is taken; of a device with any amount, as if that were a petabyte.
    func memoryShare(of budgets: [Double]) -> Double {
        budgets.indices.reduce(0) { max($0, Double(weights[$1] + activations[$1]) / min(budgets[$1], 1e15)) }
    }
}
