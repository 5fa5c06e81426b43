import TesseraCore

/// Prunes until the network, compacted and measured on this machine, takes so much less time.
///
/// Latencies are measured, so two runs may choose differently.
public struct TargetLatency: AmountRule, Configurable, Equatable {
    public static let name = "target-latency"
    public static let summary = "as much as makes the network so many times faster, measured on this machine"

    public var factor = 2.0
    /// In place of the factor.
    public var milliseconds: Double?
    public var rule = ScalableRule.globalRatio
    public var cap: Double?

    public init() {}

    public static let shorthandKey: String? = "factor"
    public static let keys: [Key<TargetLatency>] = [
        Key("factor", \.factor, "how many times faster, at least 1"),
        Key("milliseconds", \.milliseconds, "the latency in place of the factor"),
        Key("by", \.rule, "the rule whose strength is chosen"),
        Key("cap", \.cap, "the largest part of a layer's channels that goes; the rule's own if left out"),
    ]

    public func validate() throws {
        guard factor >= 1, factor.isFinite else {
            throw TesseraError(.invalidArgument, "expected 'factor' of at least 1, found \(factor)")
        }
        if let milliseconds, !(milliseconds > 0 && milliseconds.isFinite) {
            throw TesseraError(.invalidArgument, "expected 'milliseconds' above 0, found \(milliseconds)")
        }
        if let cap { try requireFraction(cap, "cap") }
    }

    public func counts(for problem: AmountProblem) throws -> [Int] {
        let target = try milliseconds ?? problem.latency(problem.none) / factor
        let search = StrengthSearch(rule: rule.rule(cap: cap), problem: problem, steps: 8)
        return try search.weakest { counts in
            let latency = try problem.latency(counts)
            return (latency <= target, "\(latency) ms, expected \(target) ms")
        }
    }
}
