import TesseraCore
import TesseraOperators
import TesseraPartition

/// Consecutive blocks of layers, each on a node of its own, such that the longest takes as little time as possible.
///
/// One inference is not done sooner; but while the second node works on it, the first can begin the next, so as many are under
/// way as there are nodes. Each node needs the weights of its block only.
public struct Pipeline: PartitionStrategy, Configurable {
    public static let name = "pipeline"
    public static let summary = "consecutive layers on consecutive nodes, for many inferences one after the other"

    /// How fast every node is, over the others.
    public var speeds: [Double]?

    public init() {}

    public static let keys: [Key<Pipeline>] = [
        Key("speeds", \.speeds, "how fast every node is, over the others; all the same if left out")
    ]

    public func validate() throws { try Span.checkSpeeds(speeds) }

    public func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        let blocks = Self.blocks(of: span)
        let sums = blocks.reduce(into: [0]) { $0.append(Shape.saturatingSum($0[$0.count - 1], $1.cost)) }
        let parts = try BalancedDivision.parts(blocks.count, speeds: Span.speeds(speeds, nodes: nodes)) {
            sums[$0.upperBound] - sums[$0.lowerBound]
        }
        return parts.enumerated().filter { !$1.isEmpty }.map { node, part in
            let output = blocks[part.upperBound - 1].output
            return StageChoice(
                output: output, tiles: [TileChoice(node: node, region: Region(whole: span.graph.shapes[output]))])
        }
    }

    /// The layers between one cut point and another, and what they cost. What costs nothing stays with what comes before it.
    private static func blocks(of span: Span) -> [(output: Graph.ValueID, cost: Int)] {
        zip(span.allCutPoints, costs(of: span)).reduce(into: []) { blocks, next in
            if let last = blocks.last, last.cost == 0 || next.1 == 0 {
                blocks[blocks.count - 1] = (next.0, Shape.saturatingSum(last.cost, next.1))
            } else {
                blocks.append((next.0, next.1))
            }
        }
    }

    /// What each cut point takes from the one before: operations of convolutions, or elements where there are none at all.
    private static func costs(of span: Span) -> [Int] {
        let graph = span.graph.graph
        let macs = span.graph.multiplyAccumulates
        var available: Set<Graph.ValueID> = []
        let blocks = span.allCutPoints.map { cut in
            defer { available.insert(cut) }
            return span.layers(making: cut, from: available)
        }
        let costs = blocks.map { layers in
            layers.filter { graph.nodes[$0].op.isConvolution }.map { macs[$0] }.reduce(0, Shape.saturatingSum)
        }
        guard costs.allSatisfy({ $0 == 0 }) else { return costs }
        return blocks.map { layers in
            layers.flatMap { graph.nodes[$0].outputs }.map { span.graph.shapes[$0].elementCount }
                .reduce(0, Shape.saturatingSum)
        }
    }
}
