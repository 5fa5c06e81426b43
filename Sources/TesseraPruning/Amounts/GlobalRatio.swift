import TesseraCore

/// The least salient part of all channel groups of the network, wherever they are, but no more than `cap` of a layer's.
///
/// Metrics whose values differ in unit from layer to layer are compared as multiples of their layer's mean.
public struct GlobalRatio: AmountRule, Configurable, Equatable {
    public static let name = "global-ratio"
    public static let summary = "a part of all channels of the network, the least salient wherever they are"

    public var ratio = 0.5
    public var cap = 0.9

    public init() {}

    public init(_ ratio: Double, cap: Double = 0.9) { (self.ratio, self.cap) = (ratio, cap) }

    public static let shorthandKey: String? = "ratio"
    public static let keys: [Key<GlobalRatio>] = [
        Key("ratio", \.ratio, "the part of all channels that goes, from 0 to below 1"),
        Key("cap", \.cap, "the largest part of a layer's channels that goes, from 0 to below 1"),
    ]

    public func validate() throws {
        try requireFraction(ratio, "ratio")
        try requireFraction(cap, "cap")
    }

    public func counts(for problem: AmountProblem) -> [Int] {
        let curves = problem.comparableCurves
        var candidates: [(value: Double, group: Int, rank: Int)] = []
        for (group, curve) in curves.enumerated() {
            let limit = Int(cap * Double(curve.values.count) + 1e-9)
            candidates += curve.sorted.prefix(limit).enumerated().map { ($1, group, $0) }
        }
        candidates.sort { ($0.value, $0.group, $0.rank) < ($1.value, $1.group, $1.rank) }
        let total = curves.reduce(0) { $0 + $1.values.count }
        var counts = problem.none
        for candidate in candidates.prefix(Int(ratio * Double(total) + 1e-9)) { counts[candidate.group] += 1 }
        return counts
    }

    public func scaled(to strength: Double) -> any AmountRule { GlobalRatio(strength, cap: cap) }
}
