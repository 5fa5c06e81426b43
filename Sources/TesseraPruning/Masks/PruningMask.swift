import TesseraCore

/// Which channel groups of a network are pruned.
public struct PruningMask: Sendable, Hashable {
    /// The numbers of the channel groups.
    public let removed: Set<Int>

    public init(removing removed: Set<Int> = []) { self.removed = removed }

    /// The channel groups with the smallest saliencies, so many of each dependency group (METHODS.md D2).
    ///
    /// Of every value at least one channel stays, the most salient.
    ///
    /// - Parameter counts: how many of each dependency group go.
    public init(_ counts: [Int], of curves: [SaliencyCurve], in dependencies: ChannelDependencies) {
        var removed: Set<Int> = []
        // How far from the end of its curve each of them is.
        var distances: [Int: Int] = [:]
        for (curve, (group, count)) in zip(curves, zip(dependencies.groups, counts)) {
            for (rank, channel) in curve.order.prefix(count).enumerated() {
                let id = group.channels[channel].id
                removed.insert(id)
                distances[id] = curve.order.count - rank
            }
        }
        for ids in dependencies.axisGroups where ids.isSubset(of: removed) {
            if let last = ids.min(by: { (distances[$0] ?? 0, $0) < (distances[$1] ?? 0, $1) }) { removed.remove(last) }
        }
        self.removed = removed
    }
}

extension ChannelDependencies {
    /// The positions that are left along each axis of a value; nil where all are.
    func kept(of value: Graph.ValueID, _ mask: PruningMask) -> [[Int]?] {
        channels[value].map { ids in
            guard let ids, ids.contains(where: mask.removed.contains) else { return nil }
            return ids.indices.filter { !mask.removed.contains(ids[$0]) }
        }
    }

    /// The channel groups along each axis of the values, those that stay in any case left out where one does.
    var axisGroups: Set<Set<Int>> {
        Set(channels.flatMap { $0 }.compactMap { $0 }.filter { !$0.isEmpty && !$0.contains(-1) }.map { Set($0) })
    }

    /// How many channels every layer of `layers` has left, in their order.
    public func channelCounts(_ mask: PruningMask) -> [Int] {
        let names = Set(groups.flatMap(\.layers))
        return graph.graph.nodes.filter { names.contains($0.name) }.map { node in
            let axis = ChannelTracing.channelAxis(of: node, in: graph)
            return kept(of: node.outputs[0], mask)[axis]?.count ?? graph.shapes[node.outputs[0]][axis]
        }
    }

    /// The channels that every layer loses, by its path.
    public func prunedChannels(_ mask: PruningMask) -> [String: [Int]] {
        var result: [String: [Int]] = [:]
        for node in graph.graph.nodes where groups.contains(where: { $0.layers.contains(node.name) }) {
            let axis = ChannelTracing.channelAxis(of: node, in: graph)
            let ids = channels[node.outputs[0]][axis] ?? []
            let pruned = ids.indices.filter { mask.removed.contains(ids[$0]) }
            if !pruned.isEmpty { result[node.name] = pruned }
        }
        return result
    }

    /// The positions of each weight that belong to pruned channels, by its name and along its axes.
    ///
    /// - Parameter includes: which slices count.
    func positions(
        _ mask: PruningMask, where includes: (ParameterSlice) -> Bool = { _ in true }
    ) -> [String: [Int: Set<Int>]] {
        var result: [String: [Int: Set<Int>]] = [:]
        for channel in channelGroups where mask.removed.contains(channel.id) {
            for slice in channel.slices where includes(slice) {
                result[slice.name, default: [:]][slice.axis, default: []].formUnion(slice.indices)
            }
        }
        return result
    }

    /// For every weight that has pruned elements, 1 where it stays and 0 where it is pruned: what training multiplies weights
    /// with after each step, so that they stay zero (METHODS.md D8, D9).
    ///
    /// - Returns: tensors of the shapes of the weights, by name: `LAYER.parameter`.
    public func elementMasks(_ mask: PruningMask) throws -> [String: Tensor] {
        let positions = positions(mask, where: \.isZeroed)
        var masks: [String: Tensor] = [:]
        for node in graph.graph.nodes {
            for specification in try node.op.parameters(for: graph.inputShapes(of: node)) {
                let name = "\(node.name).\(specification.name)"
                guard let axes = positions[name] else { continue }
                let ones = [Float](repeating: 1, count: specification.shape.elementCount)
                masks[name] = try Tensor(ones, shape: specification.shape).zeroing(axes)
            }
        }
        return masks
    }

    /// Weights whose pruned elements are zero.
    ///
    /// - Parameter weights: by name; those that have nothing pruned are left as they are.
    public func masked(_ weights: [String: Tensor], _ mask: PruningMask) throws -> [String: Tensor] {
        var result = weights
        for (name, axes) in positions(mask, where: \.isZeroed) {
            guard let tensor = result.removeValue(forKey: name) else { continue }
            result[name] = try tensor.zeroing(axes)
        }
        return result
    }

    /// The weights of the graph, by name.
    public var weights: [String: Tensor] {
        var result: [String: Tensor] = [:]
        for (node, parameters) in zip(graph.graph.nodes, graph.parameters) {
            for (name, tensor) in parameters { result["\(node.name).\(name)"] = tensor }
        }
        return result
    }
}
