/// How long each of several runs took.
public struct Timings: Sendable, Equatable {
    /// In milliseconds, the shortest first.
    public let milliseconds: [Double]

    public init(milliseconds: [Double]) { self.milliseconds = milliseconds.sorted() }

    public var count: Int { milliseconds.count }
    public var minimum: Double { milliseconds.first ?? .nan }
    public var median: Double { percentile(50) }
    public var mean: Double { milliseconds.reduce(0, +) / Double(count) }

    /// The time that `percent` % of the runs do not exceed, interpolated linearly between runs as NumPy does by default: of `n`
    /// sorted times, counted from 0, the one at `(n - 1) · percent / 100`. NaN without runs.
    public func percentile(_ percent: Double) -> Double {
        guard let last = milliseconds.last else { return .nan }
        let place = Double(count - 1) * min(max(percent, 0), 100) / 100
        let lower = Int(place)
        guard lower + 1 < count else { return last }
        let fraction = place - Double(lower)
        return milliseconds[lower] + fraction * (milliseconds[lower + 1] - milliseconds[lower])
    }
}
