import TesseraCore

/// Prunes until the network has `factor` times fewer multiply-accumulates, by the weakest setting of another rule that does so.
public struct TargetMACs: AmountRule, Configurable, Equatable {
    public static let name = "target-macs"
    public static let summary = "as much as makes the network's multiply-accumulates so many times fewer"

    public var factor = 2.0
    public var rule = ScalableRule.globalRatio
    public var cap: Double?

    public init() {}

    public init(factor: Double, rule: ScalableRule = .globalRatio, cap: Double? = nil) {
        (self.factor, self.rule, self.cap) = (factor, rule, cap)
    }

    public static let shorthandKey: String? = "factor"
    public static let keys: [Key<TargetMACs>] = [
        Key("factor", \.factor, "how many times fewer multiply-accumulates, at least 1"),
        Key("by", \.rule, "the rule whose strength is chosen"),
        Key("cap", \.cap, "the largest part of a layer's channels that goes; the rule's own if left out"),
    ]

    public func validate() throws {
        guard factor >= 1, factor.isFinite else {
            throw TesseraError(.invalidArgument, "expected 'factor' of at least 1, found \(factor)")
        }
        if let cap { try requireFraction(cap, "cap") }
    }

    public func counts(for problem: AmountProblem) throws -> [Int] {
        let before = try problem.operations(problem.none)
        let target = Double(before) / factor
        let search = StrengthSearch(rule: rule.rule(cap: cap), problem: problem, steps: 24)
        return try search.weakest { counts in
            let operations = try problem.operations(counts)
            return (
                Double(operations) <= target,
                "\(operations) multiply-accumulates, \(operations > 0 ? Double(before) / Double(operations) : 0) times fewer"
            )
        }
    }
}

/// Rules whose strength a target can choose.
public enum ScalableRule: String, ConfigurationChoice {
    case ratio
    case globalRatio = "global-ratio"
    case steepness

    /// The rule before its strength is set.
    ///
    /// - Parameter cap: the largest part of a layer's channels that goes; the rule's own if nil.
    func rule(cap: Double?) -> any AmountRule {
        switch self {
        case .ratio: Ratio()
        case .globalRatio: GlobalRatio(0.5, cap: cap ?? GlobalRatio().cap)
        case .steepness: Steepness(share: 0.1, cap: cap ?? Steepness().cap)
        }
    }
}

/// Looks for the weakest setting of a rule that reaches a target.
struct StrengthSearch {
    let rule: any AmountRule
    let problem: AmountProblem
    /// How often the interval is halved.
    let steps: Int

    /// - Parameter reaches: whether so many pruned channel groups reach the target, and what they come to, in words.
    /// - Throws: `invalidArgument` if even the strongest setting does not.
    func weakest(_ reaches: ([Int]) throws -> (Bool, String)) throws -> [Int] {
        if try reaches(problem.none).0 { return problem.none }
        var known: [[Int]: Bool] = [:]
        var best = problem.rounded(try rule.scaled(to: 1).counts(for: problem))
        let strongest = try reaches(best)
        guard strongest.0 else {
            throw TesseraError(
                .invalidArgument, "the target cannot be reached: all that the rule may prune leaves \(strongest.1)")
        }
        var (low, high) = (0.0, 1.0)
        for _ in 0..<steps {
            let middle = (low + high) / 2
            let counts = problem.rounded(try rule.scaled(to: middle).counts(for: problem))
            let isReached = try known[counts] ?? reaches(counts).0
            known[counts] = isReached
            if isReached { (high, best) = (middle, counts) } else { low = middle }
        }
        return best
    }
}
