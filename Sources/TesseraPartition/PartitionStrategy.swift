import TesseraCore

/// Decides how a span is cut: after which layers, and which node makes which part there. All else follows from that.
public protocol PartitionStrategy: Sendable {
    /// The stages of the plan, in order; the last must make the span's output, or an earlier cut point, with all that comes
    /// after left to the leader.
    ///
    /// - Throws: `invalidArgument` if its options do not fit the span.
    func stages(for span: Span, nodes: Int) throws -> [StageChoice]

    /// The same for nodes of which it is known what they are and what joins them. A strategy that has no use for that need not
    /// have this: it is asked for stages for as many nodes.
    ///
    /// - Throws: `invalidArgument` if its options do not fit the span, `limitExceeded` if the cluster has too little memory.
    func decision(for span: Span, on cluster: ClusterProfile) throws -> PartitionDecision
}

extension PartitionStrategy {
    public func decision(for span: Span, on cluster: ClusterProfile) throws -> PartitionDecision {
        PartitionDecision(stages: try stages(for: span, nodes: cluster.nodes.count))
    }
}

/// What a strategy decides, and what it has to say of it.
public struct PartitionDecision: Sendable {
    /// None if everything is best left to the leader.
    public var stages: [StageChoice]
    /// Remarks for a person, such as which nodes were left out, and why.
    public var notes: [String]

    public init(stages: [StageChoice], notes: [String] = []) { (self.stages, self.notes) = (stages, notes) }
}

/// A cut and the parts into which its value is divided.
public struct StageChoice: Sendable, Equatable {
    /// The value that the stage makes, one of the span's cut points.
    public var output: Graph.ValueID
    /// Who makes which region of it. Together they must cover it, without overlap.
    public var tiles: [TileChoice]

    public init(output: Graph.ValueID, tiles: [TileChoice]) {
        self.output = output
        self.tiles = tiles
    }
}

/// A region and the node, counted from 0, that makes it.
public struct TileChoice: Sendable, Equatable {
    public var node: Int
    public var region: Region

    public init(node: Int, region: Region) {
        self.node = node
        self.region = region
    }
}

extension Range<Int> {
    /// This range in `count` contiguous parts whose lengths differ by at most one, the longer ones first. Parts may be empty.
    public func divided(into count: Int) -> [Range<Int>] {
        let (length, longer) = self.count.quotientAndRemainder(dividingBy: Swift.max(count, 1))
        var start = lowerBound
        return (0..<count).map { index in
            let end = start + length + (index < longer ? 1 : 0)
            defer { start = end }
            return start..<end
        }
    }
}
