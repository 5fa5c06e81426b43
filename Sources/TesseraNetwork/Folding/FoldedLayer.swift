/// A layer into which those after it were merged (METHODS.md C1).
public struct FoldedLayer: Sendable, Equatable {
    /// The layer's path.
    public let layer: String
    /// The paths of the layers that were merged into it, in order.
    public internal(set) var merged: [String] = []
    /// The largest running variance among them; nil if none is a batch normalization.
    public internal(set) var largestVariance: Double?
    /// The largest magnitude of their other parameters: means, scales, shifts, constants.
    public internal(set) var largestParameter = 0.0
    /// The largest magnitude of the layer's weights and biases afterwards; nil if its weights are drawn at random, or integers.
    public internal(set) var largestWeight: Double?

    /// The largest number that IEEE binary16 holds.
    public static let binary16Limit = 65504.0

    /// Whether a variance is too large for binary16, which running these layers one by one in it could not survive
    /// (METHODS.md C2).
    public var varianceExceedsBinary16: Bool { (largestVariance ?? 0) > Self.binary16Limit }

    init(layer: String) { self.layer = layer }
}
