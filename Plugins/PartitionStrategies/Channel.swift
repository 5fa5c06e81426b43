import TesseraCore
import TesseraOperators
import TesseraPartition

/// Some output channels of every convolution, or features of every linear layer, for each node, which needs all of its input and a
/// part of its weights. Where channels are cut is said at `ChannelAlignment`.
public struct Channel: PartitionStrategy, Configurable {
    public static let name = "channel"
    public static let summary = "output channels or features divided among nodes, each with its part of the weights"

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
        let speeds = try Span.speeds(speeds, nodes: nodes)
        let strips = try lastStrip(of: span).map { try span.layerwise(to: $0, along: axis, speeds: speeds) } ?? []
        var available = Set(strips.map(\.output))
        guard let end = Self.end(of: span), strips.last.map({ $0.output < end }) ?? true else { return strips }
        return try strips
            + span.exchanges(from: available, to: end, along: 1).map { output in
                defer { available.insert(output) }
                let boundaries = try Self.boundaries(of: output, from: available, in: span)
                return try span.stage(output, from: available, along: 1, at: boundaries, speeds: speeds)
            }
    }

    /// The last value that is worth dividing: that of the last layer that adds products up, or what follows from it channel by
    /// channel. Of a span without such layers, its end.
    private static func end(of span: Span) -> Graph.ValueID? {
        let macs = span.graph.multiplyAccumulates
        var before: Set<Graph.ValueID> = []
        var end: Graph.ValueID?
        for cut in span.allCutPoints {
            let layers = span.layers(making: cut, from: before)
            let follows = end.map(before.contains) ?? false && !layers.contains { span.mixes($0, along: 1) }
            if follows || layers.contains(where: { macs[$0] > 0 }) { end = cut }
            before = [cut]
        }
        return end ?? span.output
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
        let inner = stride(from: ChannelAlignment.width, to: channels, by: ChannelAlignment.width).filter { boundary in
            let parts = [0..<boundary, boundary..<channels].compactMap {
                try? span.tile(whole.replacing(axis: 1, with: $0), of: output, layers: layers)
            }
            return parts.count == 2 && parts.map(operations).reduce(0, Shape.saturatingSum) == all
                && parts.flatMap(\.layers).allSatisfy { isAligned($0, in: span) }
        }
        return [0] + inner + [channels]
    }

    private static func isAligned(_ layer: Tile.Layer, in span: Span) -> Bool {
        guard layer.multiplyAccumulates > 0, layer.region.rank >= 2 else { return true }
        let node = span.graph.graph.nodes[layer.node]
        return ChannelAlignment.holds(for: layer.region[1], of: node, output: layer.output, in: span.graph)
    }
}
