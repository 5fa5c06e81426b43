import TesseraCore
import TesseraPruning

/// Σ |w| over the kernels that make a channel (METHODS.md D6; Li et al., "Pruning Filters for Efficient ConvNets", 2017).
public struct L1Norm: SaliencyMetric, Configurable {
    public static let name = "l1"
    public static let summary = "the sum of the magnitudes of the weights that make a channel"

    public init() {}

    public static let keys: [Key<L1Norm>] = []

    public func saliencies(in context: SaliencyContext) throws -> [[Double]] {
        try context.map { channel in
            try context.values(of: channel, roles: [.kernel]).reduce(0) { $0 + Double($1.magnitude) }
        }
    }
}
