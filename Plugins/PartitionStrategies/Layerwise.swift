import TesseraCore
import TesseraPartition

/// A strip of every layer for each node: wherever a layer looks at neighbours, nodes exchange the rows at their borders first, so
/// nothing is computed twice.
public struct Layerwise: PartitionStrategy, Configurable {
    public static let name = "layerwise"
    public static let summary = "strips, with an exchange before every layer that looks at neighbours"

    public var axis = SpatialAxis.height
    /// How fast every node is, over the others.
    public var speeds: [Double]?

    public init() {}

    public static let keys: [Key<Layerwise>] = [
        Key("axis", \.axis, "the axis that is cut into strips"),
        Key("speeds", \.speeds, "how fast every node is, over the others; all the same if left out"),
    ]

    public func validate() throws { try Span.checkSpeeds(speeds) }

    public func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        guard let end = span.output else { return [] }
        return try span.layerwise(to: end, along: axis, speeds: Span.speeds(speeds, nodes: nodes))
    }
}

extension Span {
    /// The stages of strips up to a cut point.
    func layerwise(to output: Graph.ValueID, along axis: SpatialAxis, speeds: [Double]) throws -> [StageChoice] {
        var available: Set<Graph.ValueID> = []
        return try exchanges(to: output, along: axis.index).map { output in
            defer { available.insert(output) }
            return try stage(output, from: available, along: axis.index, speeds: speeds)
        }
    }
}
