import Foundation
import TesseraCore

/// Reads the number off each saliency curve (METHODS.md D5): channels go as long as the curve is flat, until it becomes steep.
///
/// With the sorted values s_0 ≤ … ≤ s_{n-1} brought to y_i = (s_i - s_0) / (s_{n-1} - s_0), the number is the N from 0 to
/// `cap` · n that maximizes `slope` · N / n - y_N: the point where the curve begins to rise faster than `slope`, its knee for a slope
/// of 1 (the point farthest below the diagonal; Satopää et al., "Finding a Kneedle in a Haystack", 2011). A curve whose values
/// are all equal has no steep part, and loses `cap` of its channels.
public struct Steepness: AmountRule, Configurable, Equatable {
    public static let name = "steepness"
    public static let summary = "as many channels of each layer as the flat part of its saliency curve has"

    public var slope = 1.0
    public var cap = 0.7

    public init() {}

    public init(slope: Double = 1, cap: Double = 0.7) { (self.slope, self.cap) = (slope, cap) }

    public static let keys: [Key<Steepness>] = [
        Key("slope", \.slope, "how steep the normalized curve may be before it is cut; more prunes more"),
        Key("cap", \.cap, "the largest part of a layer's channels that goes, from 0 to below 1"),
    ]

    public func validate() throws {
        guard slope >= 0, slope.isFinite else {
            throw TesseraError(.invalidArgument, "expected 'slope' of at least 0, found \(slope)")
        }
        try requireFraction(cap, "cap")
    }

    public func counts(for problem: AmountProblem) -> [Int] { problem.curves.map { count(of: $0.sorted) } }

    /// How many of the ascending values are on the flat part.
    func count(of sorted: [Double]) -> Int {
        let size = Double(sorted.count)
        let limit = Int(cap * size + 1e-9)
        guard let first = sorted.first, let last = sorted.last, last > first else { return limit }
        var (best, count) = (0.0, 0)
        for candidate in 0...max(0, min(limit, sorted.count - 1)) {
            let gain = slope * Double(candidate) / size - (sorted[candidate] - first) / (last - first)
            if gain > best { (best, count) = (gain, candidate) }
        }
        return count
    }

    public func scaled(to strength: Double) -> any AmountRule {
        // From 0 to as steep as any curve.
        Steepness(slope: tan(min(max(strength, 0), 0.9999) * .pi / 2), cap: cap)
    }
}
