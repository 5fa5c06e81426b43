import TesseraCore
import TesseraPruning

/// The mean magnitude of the factors of a channel's batch normalizations (Liu et al., "Learning Efficient Convolutional Networks
/// through Network Slimming", 2017).
public struct BatchNormScale: SaliencyMetric, Configurable {
    public static let name = "bn-scale"
    public static let summary = "the magnitude of the factors that normalizations multiply a channel with"

    public init() {}

    public static let keys: [Key<BatchNormScale>] = []

    public var isComparable: Bool { true }

    /// - Throws: `notSupported` for a channel without a normalization.
    public func saliencies(in context: SaliencyContext) throws -> [[Double]] {
        try context.dependencies.groups.map { group in
            try group.channels.map { channel in
                let factors = try context.values(of: channel, roles: [.scale])
                guard !factors.isEmpty else {
                    throw TesseraError(
                        .notSupported,
                        "the saliency metric '\(Self.name)' needs a normalization with factors after every layer that is pruned",
                        path: group.name)
                }
                return factors.reduce(0) { $0 + Double($1.magnitude) } / Double(factors.count)
            }
        }
    }
}
