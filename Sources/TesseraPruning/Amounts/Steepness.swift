import TesseraCore

/// Reads the number off each saliency curve (METHODS.md D5): as many channels go as have at most `share` of the area under the curve,
/// and no more than `cap` of them.
///
/// With the sorted values s_0 ≤ … ≤ s_{n-1}, those below 0 counted as 0, N is the largest number with
/// s_0 + … + s_{N-1} ≤ `share` · (s_0 + … + s_{n-1}) and N ≤ `cap` · n. A curve that starts low and becomes steep late has little area
/// in its flat part, so much of it goes; of one whose values are all alike, no more than `share` goes; where a curve is steep, its area
/// grows fast, so the cut hardly moves. The unit of the values does not matter.
public struct Steepness: AmountRule, Configurable, Equatable {
    public static let name = "steepness"
    public static let summary = "as many channels of each layer as the flat part of its saliency curve has"

    public var share = 0.1
    public var cap = 0.7

    public init() {}

    public init(share: Double, cap: Double = 0.7) { (self.share, self.cap) = (share, cap) }

    public static let shorthandKey: String? = "share"
    public static let keys: [Key<Steepness>] = [
        Key("share", \.share, "the part of the area under each curve that goes, from 0 to below 1"),
        Key("cap", \.cap, "the largest part of a layer's channels that goes, from 0 to below 1"),
    ]

    public func validate() throws {
        try requireFraction(share, "share")
        try requireFraction(cap, "cap")
    }

    public func counts(for problem: AmountProblem) -> [Int] { problem.curves.map { count(of: $0.sorted) } }

    /// How many of the ascending values are on the flat part.
    private func count(of sorted: [Double]) -> Int {
        let heights = sorted.map { max(0, $0) }
        // Sums of equal parts may miss the whole by a rounding.
        let budget = share * heights.reduce(0, +) * (1 + 1e-12)
        var (area, count) = (0.0, 0)
        for height in heights.prefix(Int(cap * Double(sorted.count) + 1e-9)) {
            area += height
            guard area <= budget else { break }
            count += 1
        }
        return count
    }

    public func scaled(to strength: Double) -> any AmountRule {
        // A share of 0 is that of channels that are worth nothing, which go.
        if strength <= 0 { return Ratio(0) }
        return Steepness(share: strength, cap: cap)
    }
}
