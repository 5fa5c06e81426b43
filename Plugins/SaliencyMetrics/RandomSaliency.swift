import TesseraCore
import TesseraNetwork
import TesseraPruning

/// Numbers drawn at random: what every other metric must be better than.
public struct RandomSaliency: SaliencyMetric, Configurable {
    public static let name = "random"
    public static let summary = "random numbers, the baseline"

    public var seed = 0

    public init() {}

    public static let shorthandKey: String? = "seed"
    public static let keys: [Key<RandomSaliency>] = [Key("seed", \.seed, "the seed")]

    public var isComparable: Bool { true }

    public func saliencies(in context: SaliencyContext) -> [[Double]] {
        context.dependencies.groups.map { group in
            var generator = SplitMix64(seed: seed, name: group.layers.joined(separator: ","))
            return group.channels.map { _ in Double(generator.uniform()) }
        }
    }
}
