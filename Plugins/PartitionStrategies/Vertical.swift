import TesseraCore
import TesseraOperators
import TesseraPartition

/// The whole span in one stage, cut into as many strips as there are nodes (METHODS.md A2-A4).
///
/// The input map of the span's last convolution is cut into equal strips of rows, one for each node. A node's share of that
/// convolution's output is what its strip is the centre of: output row o has its centre at input row
/// o · stride - padding + (extent - 1) / 2. A node whose strip is the centre of nothing stays idle.
public struct Vertical: PartitionStrategy, Configurable {
    public static let name = "vertical"
    public static let summary = "the whole span in one stage, in equal strips (method A)"

    public var axis = SpatialAxis.height

    public init() {}

    public static let keys: [Key<Vertical>] = [Key("axis", \.axis, "the axis that is cut into strips")]

    public func stages(for span: Span, nodes: Int) throws -> [StageChoice] {
        guard let end = span.output else { return [] }
        let graph = span.graph.graph
        let layers = span.layers(making: end, from: [])
        guard let last = layers.last(where: { graph.nodes[$0].op is Conv }), let conv = graph.nodes[last].op as? Conv
        else {
            return [stage(end, ranges: extent(of: end, in: span).divided(into: nodes), in: span)]
        }
        let input = graph.nodes[last].inputs[0]
        let strips = extent(of: input, in: span).divided(into: nodes)
        let window = try conv.window(over: span.graph.shapes[input]).axes[axis.index - 2]
        guard let output = output(after: last, in: span) else {
            return [stage(end, ranges: extent(of: end, in: span).divided(into: nodes), in: span)]
        }
        let (size, count) = (extent(of: input, in: span).count, extent(of: output, in: span).count)
        let ranges = strips.map { window.positions(centredIn: $0, of: size, count: count) }
        return [stage(output, ranges: ranges, in: span)]
    }

    /// The last cut point that follows from the convolution's output pixel by pixel: what comes after is the leader's. Nil if
    /// something that looks at neighbours comes before the network can be cut.
    private func output(after conv: Graph.NodeID, in span: Span) -> Graph.ValueID? {
        let graph = span.graph.graph
        var following: Set<Graph.ValueID> = Set(graph.nodes[conv].outputs)
        for node in graph.nodes[(conv + 1)...]
        where node.op.isPointwise && node.inputs.contains(where: following.contains) {
            following.formUnion(node.outputs)
        }
        return span.cutPoints.last(where: following.contains)
    }

    private func extent(of value: Graph.ValueID, in span: Span) -> Range<Int> {
        0..<span.graph.shapes[value][axis.index]
    }

    private func stage(_ output: Graph.ValueID, ranges: [Range<Int>], in span: Span) -> StageChoice {
        let whole = Region(whole: span.graph.shapes[output])
        let tiles = ranges.enumerated().filter { !$1.isEmpty }.map { node, range in
            TileChoice(node: node, region: whole.replacing(axis: axis.index, with: range))
        }
        return StageChoice(output: output, tiles: tiles)
    }
}

extension SlidingWindow.Axis {
    /// The window positions, of `count`, whose centre lies in `strip` of an input of `size` elements. The first and the last
    /// strip of a map also get the positions whose centre lies in the padding.
    fileprivate func positions(centredIn strip: Range<Int>, of size: Int, count: Int) -> Range<Int> {
        // The first position whose centre is at `row` or beyond: o · stride >= row + before - (extent - 1) / 2.
        func first(from row: Int) -> Int {
            if row == 0 { return 0 }
            if row == size { return count }
            return min(count, max(0, (row + before - (extent - 1) / 2 + stride - 1) / stride))
        }
        return strip.isEmpty ? 0..<0 : first(from: strip.lowerBound)..<first(from: strip.upperBound)
    }
}
