import TesseraCore

/// Chooses what to prune, in one step or several.
public struct Pruner: Sendable {
    public var metric: any SaliencyMetric
    /// What messages call the metric; nil for nothing.
    public var metricName: String?
    public var amount: any AmountRule
    /// The number of channels that kept ones of a layer are rounded up to a multiple of.
    public var multiple = 1
    public var schedule = PruningSchedule()
    /// Trains after each step; nil for none.
    public var retrainer: (any Retrainer)?
    /// Whether it trains after the last step as well. Whoever makes the network smaller trains it faster afterwards.
    public var retrainsAtEnd = true

    public init(metric: any SaliencyMetric, amount: any AmountRule) { (self.metric, self.amount) = (metric, amount) }

    /// What was chosen.
    public struct Choice: Sendable {
        /// The saliency of every dependency group before anything was pruned.
        public let curves: [SaliencyCurve]
        /// How many channel groups of each went.
        public let counts: [Int]
        public let mask: PruningMask
        /// All weights, with zeros where they are pruned.
        public let weights: [String: Tensor]
    }

    /// Chooses channel groups by their saliencies.
    ///
    /// - Parameters:
    ///   - operations: the multiply-accumulates of the network with a mask.
    ///   - latency: its latency in milliseconds.
    /// - Throws: `invalidArgument` if there is nothing that could be pruned, or an amount cannot be reached.
    public func choose(
        in context: SaliencyContext, operations: @escaping @Sendable (PruningMask) throws -> Int,
        latency: @escaping @Sendable (PruningMask) throws -> Double
    ) throws -> Choice {
        let dependencies = context.dependencies
        guard !dependencies.groups.isEmpty else { throw dependencies.nothingToPrune }
        guard multiple >= 1 else {
            throw TesseraError(.invalidArgument, "expected to round to a multiple of at least 1, found \(multiple)")
        }
        let curves = try metric.curves(in: context, named: metricName)
        let problem = AmountProblem(
            curves: curves, isComparable: metric.isComparable, multiple: multiple,
            operations: { try operations(PruningMask($0, of: curves, in: dependencies)) },
            latency: { try latency(PruningMask($0, of: curves, in: dependencies)) })
        let counts = problem.rounded(try amount.counts(for: problem))
        var (mask, weights) = (PruningMask(), context.weights)
        let fractions = schedule.fractions
        for (step, fraction) in fractions.enumerated() {
            let current = SaliencyContext(dependencies, weights: weights, objective: context.objective)
            // What is pruned stays pruned, whatever its saliency is by now.
            let ordered =
                step == 0
                ? curves
                : zip(dependencies.groups, try metric.curves(in: current, named: metricName)).map { group, curve in
                    SaliencyCurve(
                        group: curve.group, values: curve.values,
                        first: Set(group.channels.indices.filter { mask.removed.contains(group.channels[$0].id) }))
                }
            mask = PruningMask(counts.map { Int((Double($0) * fraction).rounded()) }, of: ordered, in: dependencies)
            weights = try dependencies.masked(weights, mask)
            if let retrainer, retrainsAtEnd || step < fractions.count - 1 {
                weights = try dependencies.masked(
                    weights.merging(
                        retrainer.retrained(weights, masks: dependencies.elementMasks(mask), step: step)
                    ) { $1 }, mask)
            }
        }
        return Choice(curves: curves, counts: counts, mask: mask, weights: weights)
    }
}

extension ChannelDependencies {
    /// Why there is nothing to prune.
    fileprivate var nothingToPrune: TesseraError {
        guard let first = fixed.first else {
            return TesseraError(
                .invalidArgument, "there is nothing to prune: the network has no convolution or linear layer")
        }
        let reasons = fixed.prefix(3).map { "'\($0.layer)' keeps its channels, since \($0.reason)" }
        let rest = fixed.count > 3 ? "; and \(fixed.count - 3) others" : ""
        return TesseraError(
            .invalidArgument, "there is nothing to prune: " + reasons.joined(separator: "; ") + rest, path: first.layer)
    }
}
