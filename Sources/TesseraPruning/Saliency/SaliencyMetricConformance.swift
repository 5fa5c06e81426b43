import TesseraCore

/// What every saliency metric must do, as checks that anyone who writes one can run from their tests.
///
/// ```swift
/// @Test(arguments: SaliencyMetricConformance.Check.allCases)
/// func mine(_ check: SaliencyMetricConformance.Check) throws {
///     try SaliencyMetricConformance(MyMetric(), context).run(check)
/// }
/// ```
public struct SaliencyMetricConformance: Sendable {
    public enum Check: String, CaseIterable, Sendable {
        /// One value for every channel group of every dependency group.
        case counts
        /// Every value is a finite number.
        case finite
        /// Asked again, it gives the same values.
        case deterministic
        /// What a channel is worth does not depend on which dependency groups there are beside its own.
        case independent
    }

    /// A check that did not hold.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let metric: any SaliencyMetric
    private let context: SaliencyContext

    /// - Parameter context: a network with several dependency groups, and what the metric needs beside it.
    public init(_ metric: any SaliencyMetric, _ context: SaliencyContext) {
        (self.metric, self.context) = (metric, context)
    }

    /// - Throws: `Failure`, or what the metric threw.
    public func run(_ check: Check) throws {
        let groups = context.dependencies.groups
        let values = try metric.saliencies(in: context)
        switch check {
        case .counts:
            try expect(values.map(\.count) == groups.map(\.channels.count)) {
                "expected \(groups.map(\.channels.count)) values, found \(values.map(\.count))"
            }
        case .finite:
            let other = values.joined().first { !$0.isFinite }
            try expect(other == nil) { "expected finite values, found \(other ?? .nan)" }
        case .deterministic:
            let again = try metric.saliencies(in: context)
            try expect(again == values) { "expected \(values) again, found \(again)" }
        case .independent:
            guard groups.count > 1, let first = groups.first else { return }
            let others = try ChannelDependencies(context.dependencies.graph, keeping: first.layers)
            let fewer = try metric.saliencies(
                in: SaliencyContext(others, weights: context.weights, objective: context.objective))
            for (group, own) in zip(others.groups, fewer) {
                guard let index = groups.firstIndex(where: { $0.layers == group.layers }) else { continue }
                try expect(own == values[index]) {
                    "expected \(values[index]) for '\(group.name)', found \(own) beside other groups"
                }
            }
        }
    }

    private func expect(_ condition: Bool, _ message: () -> String) throws {
        guard condition else { throw Failure(description: message()) }
    }
}
