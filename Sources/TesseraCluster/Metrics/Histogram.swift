/// How many durations there were, by how long they took.
struct Histogram: Sendable {
    /// Seconds: the upper bound of each bucket but the last, which has none.
    static let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// By bucket.
    private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// Seconds.
    private(set) var sum = 0.0

    mutating func add(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }
}
