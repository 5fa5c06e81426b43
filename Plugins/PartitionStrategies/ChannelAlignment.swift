import TesseraCore
import TesseraOperators

/// Where output channels, or features, are cut such that each part comes out as it does in the whole.
///
/// Channels are cut at multiples of 16, the width of the vectors that kernels compute them in: a part that ends within a vector
/// may be given another kernel than the whole map, and round differently. Groups that do not fill vectors are computed several
/// at a time, so grouped convolutions are divided only if theirs do, or if they are depthwise. A linear layer of one feature is
/// computed by a kernel of its own, so no part of one is smaller than a vector.
enum ChannelAlignment {
    /// Channels that are never separated.
    static let width = 16

    /// Whether a layer that adds products up makes some channels as it does when it makes all.
    static func holds(for part: Range<Int>, of node: Graph.Node, output: Int = 0, in graph: BoundGraph) -> Bool {
        let channels = graph.shapes[node.outputs[output]][1]
        guard part.count < channels else { return true }
        guard isDivisible(node, in: graph), part.lowerBound % width == 0 else { return false }
        if part.upperBound % width == 0 { return true }
        return part.upperBound == channels && (part.count > width || !(node.op is Linear))
    }

    /// Whether output channels, or features, of a layer that adds products up can go to different nodes.
    private static func isDivisible(_ node: Graph.Node, in graph: BoundGraph) -> Bool {
        switch node.op {
        case is Conv, is ConvTranspose: hasWholeGroups(node, in: graph)
        // Axis 1 of anything larger is not features, but rows that are multiplied together.
        case is Linear: graph.shapes[node.outputs[0]].rank == 2
        default: false
        }
    }

    /// Whether the groups of a layer, if it has any, can go to different nodes.
    static func hasWholeGroups(_ node: Graph.Node, in graph: BoundGraph) -> Bool {
        guard let groups = groups(of: node.op), groups > 1 else { return true }
        let sizes = [node.outputs[0], node.inputs[0]].map { graph.shapes[$0][1] / groups }
        return sizes == [1, 1] || sizes.allSatisfy { $0 % width == 0 }
    }

    private static func groups(of op: any Operator) -> Int? {
        (op as? Conv)?.groups ?? (op as? ConvTranspose)?.groups
    }
}
