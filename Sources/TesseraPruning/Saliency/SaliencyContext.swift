import TesseraCore

/// What a saliency metric may look at.
public struct SaliencyContext: Sendable {
    public let dependencies: ChannelDependencies
    /// The weights of all layers, by name: `LAYER.parameter`.
    public let weights: [String: Tensor]
    /// What the network is to minimize; nil if no samples are given.
    public let objective: (any PruningObjective)?

    /// - Parameter weights: those of the network itself if left out.
    public init(
        _ dependencies: ChannelDependencies, weights: [String: Tensor]? = nil,
        objective: (any PruningObjective)? = nil
    ) {
        self.dependencies = dependencies
        self.weights = weights ?? dependencies.weights
        self.objective = objective
    }

    /// The weights of a slice, in order of memory.
    ///
    /// - Throws: `notFound` if the weight is missing.
    public func values(of slice: ParameterSlice) throws -> [Float] {
        guard let tensor = weights[slice.name] else {
            throw TesseraError(.notFound, "missing weight '\(slice.name)'")
        }
        return try tensor.values(at: slice.indices, along: slice.axis)
    }

    /// The weights of a channel group that play one of the given roles.
    public func values(of channel: ChannelGroup, roles: Set<ParameterSlice.Role>) throws -> [Float] {
        try channel.slices.filter { roles.contains($0.role) }.flatMap { try values(of: $0) }
    }

    /// One value for every channel group.
    public func map(_ body: (ChannelGroup) throws -> Double) rethrows -> [[Double]] {
        try dependencies.groups.map { try $0.channels.map(body) }
    }

    /// The objective, for a metric that needs one.
    ///
    /// - Throws: `notSupported` without one.
    public func requireObjective(for metric: String) throws -> any PruningObjective {
        guard let objective else {
            throw TesseraError(
                .notSupported, "the saliency metric '\(metric)' needs labelled samples to measure a loss with")
        }
        return objective
    }
}

/// What a network is to minimize, as saliency metrics ask for it.
public protocol PruningObjective: Sendable {
    /// The mean loss over the samples.
    ///
    /// - Parameter weights: all weights of the network, by name.
    func loss(_ weights: [String: Tensor]) throws -> Double

    /// The derivatives of that loss with respect to the weights, by name; of the same shapes.
    ///
    /// - Throws: `notSupported` if there is nothing that computes gradients.
    func gradients(_ weights: [String: Tensor]) throws -> [String: Tensor]
}

extension PruningObjective {
    public func gradients(_ weights: [String: Tensor]) throws -> [String: Tensor] {
        throw TesseraError(.notSupported, "gradients of the loss are not available")
    }
}
