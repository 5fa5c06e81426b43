/// How long an inference may take until it runs a second time without those it waits for: half a second and three times the median of
/// those before by the same plan, once there are four.
struct Patience: Sendable {
    private static let count = (least: 4, most: 16)
    private static let margin = Duration.milliseconds(500)

    private var latencies: [Duration] = []

    /// Nil while too little is known.
    var limit: Duration? {
        guard latencies.count >= Self.count.least else { return nil }
        return latencies.sorted()[latencies.count / 2] * 3 + Self.margin
    }

    mutating func add(_ latency: Duration) {
        latencies.append(latency)
        if latencies.count > Self.count.most { latencies.removeFirst() }
    }
}
