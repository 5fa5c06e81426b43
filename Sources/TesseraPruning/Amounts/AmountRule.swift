import TesseraCore

/// Says how many channel groups are pruned (METHODS.md D5). Which ones follows from their saliencies.
public protocol AmountRule: Sendable {
    /// How many channel groups of each dependency group go.
    ///
    /// - Throws: `invalidArgument` for what cannot be reached.
    func counts(for problem: AmountProblem) throws -> [Int]

    /// The same rule with another strength: none at 0, as much as it can prune at 1. Rules that aim at a target ask for it.
    ///
    /// - Throws: `notSupported` for a rule that has none.
    func scaled(to strength: Double) throws -> any AmountRule
}

extension AmountRule {
    public func scaled(to strength: Double) throws -> any AmountRule {
        throw TesseraError(
            .notSupported, "expected a rule whose strength can be changed: ratio, global-ratio or steepness")
    }
}

/// What a rule for amounts may look at.
public struct AmountProblem: Sendable {
    /// The saliency curve of every dependency group.
    public let curves: [SaliencyCurve]
    /// Whether saliencies of different layers are in one unit.
    public let isComparable: Bool
    /// The number of channels that kept ones are rounded up to a multiple of.
    public let multiple: Int
    private let measureOperations: @Sendable ([Int]) throws -> Int
    private let measureLatency: @Sendable ([Int]) throws -> Double

    /// - Parameters:
    ///   - operations: the multiply-accumulates of the network without so many channel groups of each dependency group.
    ///   - latency: its latency in milliseconds, measured.
    public init(
        curves: [SaliencyCurve], isComparable: Bool = false, multiple: Int = 1,
        operations: @escaping @Sendable ([Int]) throws -> Int,
        latency: @escaping @Sendable ([Int]) throws -> Double
    ) {
        (self.curves, self.isComparable, self.multiple) = (curves, isComparable, multiple)
        (measureOperations, measureLatency) = (operations, latency)
    }

    /// Nothing pruned.
    public var none: [Int] { curves.map { _ in 0 } }

    /// Multiply-accumulates of one inference, once kept channels are rounded.
    public func operations(_ counts: [Int]) throws -> Int { try measureOperations(rounded(counts)) }

    /// The latency in milliseconds, once kept channels are rounded.
    public func latency(_ counts: [Int]) throws -> Double { try measureLatency(rounded(counts)) }

    /// The counts when what is kept of each dependency group is rounded up to a multiple; at least one channel group stays.
    public func rounded(_ counts: [Int]) -> [Int] {
        zip(curves, counts).map { curve, count in
            let size = curve.values.count
            let kept = max(1, size - max(0, count))
            return size - min(size, (kept + multiple - 1) / multiple * multiple)
        }
    }

    /// Saliencies that can be compared across dependency groups: as they are, or as multiples of their group's mean magnitude.
    public var comparableCurves: [SaliencyCurve] {
        if isComparable { return curves }
        return curves.map { curve in
            let mean = curve.values.reduce(0) { $0 + $1.magnitude } / Double(max(1, curve.values.count))
            return SaliencyCurve(group: curve.group, values: curve.values.map { mean > 0 ? $0 / mean : $0 })
        }
    }
}
