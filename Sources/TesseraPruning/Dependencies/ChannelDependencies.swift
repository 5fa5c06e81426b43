import TesseraCore
import TesseraOperators

/// Which channels of a network can be removed, and what goes with each of them (METHODS.md D3).
public struct ChannelDependencies: Sendable {
    public let graph: BoundGraph
    /// Channels that compete with each other, in the order of the layers that make them.
    public let groups: [DependencyGroup]
    /// The layers with weights whose channels must all stay, and why.
    public let fixed: [FixedLayer]
    /// For every axis of every value, the channel group at each position; -1 for one that stays, nil for an axis without any.
    let channels: [AxisChannels]

    /// Follows the channels through the network.
    ///
    /// - Parameter kept: layers whose channels are all to stay.
    /// - Throws: `notFound` for a layer to keep that the network does not have, or that makes no channels.
    public init(_ graph: BoundGraph, keeping kept: [String] = []) throws {
        let tracing = try ChannelTracing(graph, keeping: kept)
        self.graph = graph
        (groups, fixed, channels) = tracing.result()
    }

    /// The channel groups of all dependency groups, in order of their numbers.
    public var channelGroups: [ChannelGroup] { groups.flatMap(\.channels) }

    /// The layers that make channels which can be removed, in order, with how many they have in all.
    public var layers: [(name: String, channels: Int)] {
        let names = Set(groups.flatMap(\.layers))
        return graph.graph.nodes.filter { names.contains($0.name) }.map { node in
            (node.name, graph.shapes[node.outputs[0]][ChannelTracing.channelAxis(of: node, in: graph)])
        }
    }
}

/// The way through the graph, layer by layer.
struct ChannelTracing {
    private let graph: BoundGraph
    private var units = ChannelUnits()
    private var labels: [AxisChannels]
    private var slices: [(unit: Int, slice: ParameterSlice)] = []
    /// The layers with kernels, and the channels that each makes.
    private var producers: [(node: Graph.Node, channels: [Int])] = []

    init(_ graph: BoundGraph, keeping kept: [String]) throws {
        self.graph = graph
        labels = graph.shapes.map { [[Int]?](repeating: nil, count: $0.rank) }
        for node in graph.graph.nodes { try locatingErrors(path: node.name, at: node.location) { try trace(node) } }
        for name in kept {
            guard let producer = producers.first(where: { $0.node.name == name }) else {
                let names = producers.map(\.node.name)
                throw TesseraError(
                    .notFound,
                    "no layer '\(name)' makes channels that could be pruned"
                        + suggestion(for: name, among: names))
            }
            for unit in producer.channels { units.keep(unit, because: "its channels are to stay") }
        }
        for output in graph.graph.outputs {
            for unit in labels[output.value].compactMap({ $0 }).flatMap({ $0 }) {
                units.keep(unit, because: "they are the output '\(output.name)'")
            }
        }
    }

    private mutating func trace(_ node: Graph.Node) throws {
        var layer = TracedLayer(node, of: graph, inputs: node.inputs.map { labels[$0] }, units: units)
        if let op = node.op as? any IntegerWeights, op.weightBits > 0 {
            for index in node.inputs.indices {
                layer.keepInput(index, because: "the weights of '\(node.name)' are integers")
            }
        } else if let op = node.op as? any ChannelTraced {
            try op.trace(&layer)
        } else if let op = node.op as? any Broadcasting {
            layer.trace(op)
        } else if let op = node.op as? any PointwiseUnary {
            layer.trace(op)
        } else {
            for index in node.inputs.indices {
                layer.keepInput(index, because: "'\(node.name)' needs all of them (\(node.op.name))")
            }
        }
        units = layer.units
        slices += layer.slices
        for (value, channels) in zip(node.outputs, layer.outputs) { labels[value] = channels }
        let made = layer.slices.filter { $0.slice.role == .kernel }.map(\.unit)
        if !made.isEmpty { producers.append((node, made)) }
    }

    /// The axis of a layer's output along which its channels are.
    static func channelAxis(of node: Graph.Node, in graph: BoundGraph) -> Int {
        node.op is Linear ? graph.shapes[node.outputs[0]].rank - 1 : 1
    }

    // MARK: Result

    func result() -> ([DependencyGroup], [FixedLayer], [AxisChannels]) {
        var slicesByRoot: [Int: [ParameterSlice]] = [:]
        for (unit, slice) in slices where units.reason(for: unit) == nil {
            slicesByRoot[units.find(unit), default: []].append(slice)
        }
        // Channels of one dependency group have weights of the same kinds in the same layers.
        var members: [[SliceKind]: [(root: Int, slices: [ParameterSlice])]] = [:]
        for (root, unmerged) in slicesByRoot.sorted(by: { $0.key < $1.key }) {
            let slices = Self.merged(unmerged)
            guard slices.contains(where: { $0.role == .kernel }) else { continue }
            members[slices.map(SliceKind.init), default: []].append((root, slices))
        }
        var groups: [DependencyGroup] = []
        var ids: [Int: Int] = [:]
        for (_, channels) in members.sorted(by: { $0.value[0].root < $1.value[0].root }) {
            let numbered = channels.map { root, slices in
                ids[root] = ids.count
                return ChannelGroup(id: ids.count - 1, slices: slices)
            }
            var layers: [String] = []
            for slice in channels[0].slices where slice.role == .kernel && !layers.contains(slice.layer) {
                layers.append(slice.layer)
            }
            groups.append(DependencyGroup(layers: layers, channels: numbered))
        }
        let numbers = labels.map { axes in axes.map { $0.map { $0.map { ids[units.find($0)] ?? -1 } } } }
        return (groups, fixedLayers(ids), numbers)
    }

    private func fixedLayers(_ ids: [Int: Int]) -> [FixedLayer] {
        producers.compactMap { node, channels in
            guard channels.allSatisfy({ ids[units.find($0)] == nil }) else { return nil }
            return FixedLayer(
                layer: node.name, channels: channels.count,
                reason: channels.lazy.compactMap { units.reason(for: $0) }.first ?? "nothing reads them")
        }
    }

    /// Slices with the same weight, axis and role become one.
    private static func merged(_ slices: [ParameterSlice]) -> [ParameterSlice] {
        var order: [ParameterSlice] = []
        var indices: [ParameterSlice: Set<Int>] = [:]
        for slice in slices {
            let key = slice.at([])
            if indices[key] == nil { order.append(key) }
            indices[key, default: []].formUnion(slice.indices)
        }
        return order.map { $0.at((indices[$0] ?? []).sorted()) }
    }
}

/// What a slice is, apart from where it is.
private struct SliceKind: Hashable {
    var slice: ParameterSlice
    var count: Int

    init(_ slice: ParameterSlice) { (self.slice, count) = (slice.at([]), slice.indices.count) }
}

extension ParameterSlice {
    /// The same at other positions.
    fileprivate func at(_ indices: [Int]) -> ParameterSlice {
        ParameterSlice(layer: layer, parameter: parameter, axis: axis, indices: indices, role: role)
    }
}
