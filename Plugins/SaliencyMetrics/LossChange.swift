import TesseraCore
import TesseraPruning

/// The change of the loss when a channel is taken out, everything else left as it is (METHODS.md D7): exact, at the price of one
/// pass over the samples for every channel.
public struct LossChange: SaliencyMetric, Configurable {
    public static let name = "loss"
    public static let summary = "the change of the loss when a channel is taken out, measured on samples"

    public init() {}

    public static let keys: [Key<LossChange>] = []

    public var isComparable: Bool { true }

    public func saliencies(in context: SaliencyContext) throws -> [[Double]] {
        let objective = try context.requireObjective(for: Self.name)
        let whole = try objective.loss(context.weights)
        return try context.map { channel in
            let mask = PruningMask(removing: [channel.id])
            return try objective.loss(context.dependencies.masked(context.weights, mask)) - whole
        }
    }
}
