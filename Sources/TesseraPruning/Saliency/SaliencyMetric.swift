import TesseraCore

/// Says how much every channel group matters to a correct result (METHODS.md D1). Those with the smallest values are pruned.
///
/// A metric is deterministic: the same network, weights and samples give the same values.
public protocol SaliencyMetric: Sendable {
    /// Whether values of different layers are in one unit, so that they can be compared as they are. Otherwise rules that choose
    /// across layers compare them as multiples of their layer's mean.
    var isComparable: Bool { get }

    /// One finite value for every channel group of every dependency group, in their order.
    ///
    /// - Throws: `notSupported` if it needs a loss or gradients that the context does not have.
    func saliencies(in context: SaliencyContext) throws -> [[Double]]
}

extension SaliencyMetric {
    public var isComparable: Bool { false }

    /// The values, once it is clear that they are as many as there are channel groups, and finite.
    ///
    /// - Parameter name: what messages call the metric; nil for nothing.
    /// - Throws: `invalidArgument` if they are not, and what `saliencies` throws.
    public func curves(in context: SaliencyContext, named name: String? = nil) throws -> [SaliencyCurve] {
        let groups = context.dependencies.groups
        let values = try saliencies(in: context)
        func refusal(_ message: String, _ group: String? = nil) -> TesseraError {
            let path = [name.map { "saliency metric '\($0)'" }, group].compactMap(\.self).joined(separator: ": ")
            return TesseraError(.invalidArgument, message, path: path.isEmpty ? nil : path)
        }
        guard values.count == groups.count else {
            throw refusal("expected saliencies for \(groups.count) dependency groups, found \(values.count)")
        }
        return try zip(groups, values).map { group, values in
            guard values.count == group.channels.count else {
                throw refusal("expected \(group.channels.count) saliencies, found \(values.count)", group.name)
            }
            if let value = values.first(where: { !$0.isFinite }) {
                throw refusal("expected finite saliencies, found \(value)", group.name)
            }
            return SaliencyCurve(group: group.name, values: values)
        }
    }
}

/// The saliencies of the channel groups that compete with each other, and their order (METHODS.md D4).
public struct SaliencyCurve: Sendable, Equatable {
    /// The name of the dependency group.
    public let group: String
    public let values: [Double]
    /// The channel groups from the smallest value to the largest; of equal ones the first goes first.
    public let order: [Int]

    /// - Parameter first: channel groups that come first whatever their value is, such as those that are pruned already.
    public init(group: String, values: [Double], first: Set<Int> = []) {
        (self.group, self.values) = (group, values)
        order = values.indices.sorted {
            (first.contains($0) ? 0 : 1, values[$0], $0) < (first.contains($1) ? 0 : 1, values[$1], $1)
        }
    }

    /// The values in ascending order: the saliency curve (METHODS.md D5).
    public var sorted: [Double] { order.map { values[$0] } }
}
