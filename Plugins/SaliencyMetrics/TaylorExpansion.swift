import TesseraCore
import TesseraPruning

/// The first-order estimate of how much the loss changes when a channel is taken out: |Σ w · ∂loss/∂w| over the weights that read it
/// (Molchanov et al., "Importance Estimation for Neural Network Pruning", 2019). A channel that no weights read counts by its
/// kernels.
public struct TaylorExpansion: SaliencyMetric, Configurable {
    public static let name = "taylor"
    public static let summary = "the first-order estimate of the change of the loss when a channel is taken out"

    public init() {}

    public static let keys: [Key<TaylorExpansion>] = []

    public var isComparable: Bool { true }

    /// - Throws: `notSupported` without samples, or without gradients.
    public func saliencies(in context: SaliencyContext) throws -> [[Double]] {
        let objective = try context.requireObjective(for: Self.name)
        let gradients = SaliencyContext(
            context.dependencies, weights: try objective.gradients(context.weights), objective: nil)
        return try context.map { channel in
            let hasReaders = channel.slices.contains { $0.role == .reader }
            let roles: Set<ParameterSlice.Role> = hasReaders ? [.reader] : [.kernel]
            let (weights, slopes) = (
                try context.values(of: channel, roles: roles), try gradients.values(of: channel, roles: roles)
            )
            return zip(weights, slopes).reduce(0) { $0 + Double($1.0) * Double($1.1) }.magnitude
        }
    }
}
