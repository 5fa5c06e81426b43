/// Channels that go or stay together: one of a layer, or of several whose outputs are added, say.
public struct ChannelGroup: Sendable {
    /// Its number among all channel groups of the network.
    public let id: Int
    /// All weights that belong to it, in the order of the layers.
    public let slices: [ParameterSlice]
}

/// The channel groups of the same layers, which compete with each other: their saliencies make one curve (METHODS.md D4).
public struct DependencyGroup: Sendable {
    /// The layers that make the channels, in order.
    public let layers: [String]
    public let channels: [ChannelGroup]

    /// The first layer, and how many others there are.
    public var name: String { layers.count > 1 ? "\(layers[0]) +\(layers.count - 1)" : layers.first ?? "" }
}

/// A layer whose channels must all stay.
public struct FixedLayer: Sendable, Equatable {
    public let layer: String
    public let channels: Int
    public let reason: String
}
