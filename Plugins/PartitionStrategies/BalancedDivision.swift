import TesseraCore

/// Divides a row of items into contiguous parts, one for each worker in order, such that the longest time is minimal.
///
/// What a part costs must not shrink as the part grows. Then, under a limit, taking as many items as fit from left to right
/// leaves the least for those that follow, so a limit holds if and only if that reaches the end; and the smallest limit that
/// holds is found by halving. Both sides of the search move to times that occur, so it ends, and with the exact minimum.
struct BalancedDivision {
    private let count: Int
    private let speeds: [Double]
    private let cost: (Range<Int>) throws -> Int
    private var known: [Range<Int>: Double] = [:]

    /// - Parameters:
    ///   - count: how many items there are.
    ///   - speeds: how fast each worker is, over the others; above 0.
    ///   - cost: what a part that is not empty costs.
    private init(_ count: Int, speeds: [Double], cost: @escaping (Range<Int>) throws -> Int) {
        (self.count, self.speeds, self.cost) = (count, speeds, cost)
    }

    /// The parts, by worker. They may be empty if there are few items, or if a worker is slow.
    static func parts(_ count: Int, speeds: [Double], cost: @escaping (Range<Int>) throws -> Int) throws -> [Range<Int>]
    {
        var division = BalancedDivision(count, speeds: speeds, cost: cost)
        let limit = try division.smallestLimit()
        return try division.evened(under: limit)
    }

    private mutating func smallestLimit() throws -> Double {
        var high = try evenly().enumerated().map { try time(of: $1, worker: $0) }.max() ?? 0
        var low = 0.0
        while low < high {
            let limit = low + (high - low) / 2
            switch try attempt(under: limit) {
            case .holds(let longest): high = longest
            case .fails(let next): low = next
            }
        }
        return high
    }

    private enum Attempt {
        /// All items are taken; the longest time that it takes.
        case holds(longest: Double)
        /// Items are left, as they are under every limit below `next`.
        case fails(next: Double)
    }

    private mutating func attempt(under limit: Double) throws -> Attempt {
        var (start, longest, next) = (0, 0.0, Double.infinity)
        for worker in speeds.indices where start < count {
            let end = try reach(from: start, worker: worker, under: limit)
            longest = max(longest, try time(of: start..<end, worker: worker))
            if end < count { next = min(next, try time(of: start..<end + 1, worker: worker)) }
            start = end
        }
        return start == count ? .holds(longest: longest) : .fails(next: next)
    }

    /// How far a worker gets from `start` under a limit.
    private mutating func reach(from start: Int, worker: Int, under limit: Double) throws -> Int {
        var (fits, exceeds) = (start, count + 1)
        while exceeds - fits > 1 {
            let middle = fits + (exceeds - fits) / 2
            if try time(of: start..<middle, worker: worker) <= limit { fits = middle } else { exceeds = middle }
        }
        return fits
    }

    /// Parts that hold a limit, as even as it allows: taking all that fits from the left would leave little for the last.
    private mutating func evened(under limit: Double) throws -> [Range<Int>] {
        let starts = try latestNeeds(under: limit)
        var start = 0
        var speedLeft = speeds.reduce(0, +)
        return try speeds.indices.map { worker in
            let share = Double(count - start) * speeds[worker] / speedLeft
            let reach = try reach(from: start, worker: worker, under: limit)
            let end = max(start, starts[worker + 1], min(reach, start + Int(share.rounded())))
            defer { (start, speedLeft) = (end, speedLeft - speeds[worker]) }
            return start..<end
        }
    }

    /// For each worker, the first item at which it and those after it may start under a limit; last, where all must be done.
    private mutating func latestNeeds(under limit: Double) throws -> [Int] {
        var starts = [count]
        for worker in speeds.indices.reversed() {
            let end = starts[0]
            var (exceeds, fits) = (-1, end)
            while fits - exceeds > 1 {
                let middle = exceeds + (fits - exceeds) / 2
                if try time(of: middle..<end, worker: worker) <= limit { fits = middle } else { exceeds = middle }
            }
            starts.insert(fits, at: 0)
        }
        return starts
    }

    /// As many items to each as its speed asks for: a limit to begin with.
    private func evenly() -> [Range<Int>] {
        let total = speeds.reduce(0, +)
        var (start, sum) = (0, 0.0)
        return speeds.indices.map { worker in
            sum += speeds[worker]
            let end = worker == speeds.count - 1 ? count : Int((Double(count) * sum / total).rounded())
            defer { start = end }
            return start..<end
        }
    }

    private mutating func time(of part: Range<Int>, worker: Int) throws -> Double {
        guard !part.isEmpty else { return 0 }
        if let known = known[part] { return known / speeds[worker] }
        let cost = Double(try cost(part))
        known[part] = cost
        return cost / speeds[worker]
    }
}
