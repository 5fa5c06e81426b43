/// The part of a weight that belongs to one channel.
public struct ParameterSlice: Sendable, Hashable {
    /// What the numbers are to the channel.
    public enum Role: String, Sendable {
        /// Weights of a convolution or linear layer that make it (METHODS.md D1).
        case kernel
        /// Summands that make it.
        case bias
        /// The factor of a normalization.
        case scale
        /// Weights of a later layer that read it (METHODS.md D9).
        case reader
        /// Numbers that go with the channel, but whose value does not matter once it is zero, such as statistics.
        case companion
    }

    /// The layer's path.
    public let layer: String
    /// The weight's name in the layer.
    public let parameter: String
    /// The axis of the weight along which it is cut.
    public let axis: Int
    /// The positions along that axis.
    public let indices: [Int]
    public let role: Role

    public init(layer: String, parameter: String, axis: Int, indices: [Int], role: Role) {
        (self.layer, self.parameter, self.axis, self.indices, self.role) = (layer, parameter, axis, indices, role)
    }

    /// The weight's name in a file: `LAYER.parameter`.
    public var name: String { "\(layer).\(parameter)" }

    /// Whether a pruned channel has zeros here (METHODS.md D8, D9).
    public var isZeroed: Bool { role != .companion }
}
