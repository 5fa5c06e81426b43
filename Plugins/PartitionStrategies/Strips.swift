import TesseraCore
import TesseraPartition

/// Blocks of layers, each in one strip for each node, such that the busiest node has as little to do as possible.
///
/// A strip between two others computes a halo on both sides, so equal strips would leave the nodes in the middle with more
/// work than those at the borders; here they get thinner ones.
public struct Strips: PartitionStrategy, Configurable {
    public static let name = "strips"
    public static let summary = "blocks of layers, each in strips with the same work for every node"

    public var axis = SpatialAxis.height
    /// The layers after which the maps are put together; the span's end always is one.
    public var cutAfter: [String] = []
    /// How fast every node is, over the others.
    public var speeds: [Double]?

    public init() {}

    public static let keys: [Key<Strips>] = [
        Key("axis", \.axis, "the axis that is cut into strips"),
        Key("cut_after", \.cutAfter, "layers, or kinds of layers such as max_pool, after which maps are put together"),
        Key("speeds", \.speeds, "how fast every node is, over the others; all the same if left out"),
    ]

    public func validate() throws { try Span.checkSpeeds(speeds) }

    public func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        let speeds = try Span.speeds(speeds, nodes: nodes)
        var available: Set<Graph.ValueID> = []
        return try span.cuts(after: cutAfter).map { output in
            defer { available.insert(output) }
            return try span.stage(output, from: available, along: axis.index, speeds: speeds)
        }
    }
}
