import TesseraCore
import TesseraOperators
import TesseraPartition

/// Some output channels of every convolution for each node, which needs all of its input and a part of its weights.
///
/// Channels are cut at multiples of 16, the width of the vectors that kernels compute them in: a part that ends within a vector
/// may be given another kernel than the whole map, and round differently. Groups that do not fill vectors are computed several
/// at a time, so grouped convolutions are divided only if theirs do, or if they are depthwise.
public struct Channel: PartitionStrategy, Configurable {
    public static let name = "channel"
    public static let summary = "output channels divided among the nodes, each with its part of the weights"

    /// Channels that are never separated.
    private static let alignment = 16

    /// The layers up to the last of which maps are cut into strips instead.
    public var after: [String] = []
    /// Along which axis, up to there.
    public var axis = SpatialAxis.height
    /// How fast every node is, over the others.
    public var speeds: [Double]?
    public init() {}

    public static let keys: [Key<Channel>] = [
        Key(
            "after", \.after,
            "layers, or kinds of layers such as max_pool: up to the last of them, layers are cut into strips instead"),
        Key("axis", \.axis, "the axis that is cut into strips up to there"),
        Key("speeds", \.speeds, "how fast every node is, over the others; all the same if left out"),
    ]

    public func validate() throws { try Span.checkSpeeds(speeds) }

    public func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        guard let end = span.output else { return [] }
        let speeds = try Span.speeds(speeds, nodes: nodes)
        let strips = try lastStrip(of: span).map { try span.layerwise(to: $0, along: axis, speeds: speeds) } ?? []
        var available = Set(strips.map(\.output))
        guard !available.contains(end) else { return strips }
        return try strips
            + span.exchanges(from: available, to: end, along: 1).map { output in
                defer { available.insert(output) }
                let boundaries = try Self.boundaries(of: output, from: available, in: span)
                return try span.stage(output, from: available, along: 1, at: boundaries, speeds: speeds)
            }
    }

    /// The last of the cut points that `after` names.
    private func lastStrip(of span: Span) throws -> Graph.ValueID? {
        guard !after.isEmpty, let end = span.output else { return nil }
        let named = try span.cuts(after: after)
        guard named.last == end, !isNamed(end, in: span) else { return named.last }
        return named.dropLast().last
    }

    /// Whether `after` names a value; `Span.cuts` gives the end whether it does or not.
    private func isNamed(_ value: Graph.ValueID, in span: Span) -> Bool {
        after.contains { name in
            span.cutPoints(ofKind: name).contains(value) || (try? span.graph.graph.value(named: name)) == value
        }
    }

    /// Where the channels of a stage's output may be cut: at multiples of 16 that are such in every layer of the stage that
    /// adds products up, and where no layer has to make more than its part, as grouped convolutions within a group do.
    private static func boundaries(
        of output: Graph.ValueID, from available: Set<Graph.ValueID>, in span: Span
    ) throws -> [Int] {
        let layers = span.layers(making: output, from: available)
        let whole = Region(whole: span.graph.shapes[output])
        let channels = whole[1].count
        func operations(_ tile: Tile) -> Int {
            tile.layers.map(\.multiplyAccumulates).reduce(0, Shape.saturatingSum)
        }
        let all = operations(try span.tile(whole, of: output, layers: layers))
        let inner = stride(from: alignment, to: channels, by: alignment).filter { boundary in
            let parts = [0..<boundary, boundary..<channels].compactMap {
                try? span.tile(whole.replacing(axis: 1, with: $0), of: output, layers: layers)
            }
            return parts.count == 2 && parts.map(operations).reduce(0, Shape.saturatingSum) == all
                && parts.flatMap(\.layers).allSatisfy { isAligned($0, in: span) }
        }
        return [0] + inner + [channels]
    }

    private static func isAligned(_ layer: Tile.Layer, in span: Span) -> Bool {
        let node = span.graph.graph.nodes[layer.node]
        guard layer.multiplyAccumulates > 0, layer.region.rank == 4 else { return true }
        let channels = span.graph.shapes[node.outputs[layer.output]][1]
        let part = layer.region[1]
        guard part.count < channels else { return true }
        return hasWholeGroups(node, in: span) && part.lowerBound % alignment == 0
            && (part.upperBound % alignment == 0 || part.upperBound == channels)
    }

    /// Whether the groups of a layer, if it has any, can go to different nodes.
    static func hasWholeGroups(_ node: Graph.Node, in span: Span) -> Bool {
        guard let groups = groups(of: node.op), groups > 1 else { return true }
        let sizes = [node.outputs[0], node.inputs[0]].map { span.graph.shapes[$0][1] / groups }
        return sizes == [1, 1] || sizes.allSatisfy { $0 % alignment == 0 }
    }

    private static func groups(of op: any Operator) -> Int? {
        (op as? Conv)?.groups ?? (op as? ConvTranspose)?.groups
    }
}
