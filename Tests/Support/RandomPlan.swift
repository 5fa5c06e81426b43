import PartitionStrategies
import TesseraCore
import TesseraPartition

extension Plan {
    /// A plan of a strategy with random options, or with random cuts, each map divided at random, the parts dealt out to
    /// random nodes; nil if there is nothing to cut.
    public static func random(_ graph: BoundGraph, using generator: inout SeededGenerator) throws -> Plan? {
        let span = try Span(graph)
        guard !span.allCutPoints.isEmpty else { return nil }
        let nodes = Int.random(in: 1...6, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case _ where span.cutPoints.isEmpty: return try random(span, nodes: nodes, using: &generator)
        case 0:
            var strategy = Vertical()
            strategy.axis = [.height, .width].pick(&generator)
            return try Plan(graph, nodes: nodes, strategy: strategy, named: Vertical.name)
        case 1:
            var strategy = FusedGrid()
            strategy.tiles = [[1, 1], [2, 2], [3, 1], [1, 4]].pick(&generator)
            strategy.cutAfter = [graph.graph.values[span.cutPoints.pick(&generator)].name]
            return try Plan(graph, nodes: nodes, strategy: strategy, named: FusedGrid.name)
        default: return try random(span, nodes: nodes, using: &generator)
        }
    }

    private static func random(_ span: Span, nodes: Int, using generator: inout SeededGenerator) throws -> Plan {
        let graph = span.graph
        let later = Set(span.laterCutPoints)
        let first = span.allCutPoints.pick(&generator)
        let cuts = [0, 1, 2].pick(&generator)
        let chosen = Set([first] + (0..<cuts).map { _ in span.allCutPoints.pick(&generator) })
        let choices = chosen.sorted().map { output in
            let whole = Region(whole: graph.shapes[output])
            let count = Int.random(in: 1...5, using: &generator)
            let regions =
                later.contains(output)
                ? span.randomChannels(count, of: output, using: &generator)
                : whole.randomParts(count, using: &generator)
            return StageChoice(
                output: output,
                tiles: regions.map { TileChoice(node: Int.random(in: 0..<nodes, using: &generator), region: $0) })
        }
        return try Plan(graph, nodes: nodes, choices: choices, strategy: "random")
    }
}

extension Span {
    /// At most `count` parts of a value, made by cutting at random multiples of 16 along channels or features, if a stage that makes
    /// just that value from the network's inputs can be cut there.
    fileprivate func randomChannels(
        _ count: Int, of value: Graph.ValueID, using generator: inout SeededGenerator
    ) -> [Region] {
        let whole = Region(whole: graph.shapes[value])
        let layers = layers(making: value, from: [])
        let places = stride(from: 16, to: whole[1].count, by: 16).filter { place in
            [0..<place, place..<whole[1].count].allSatisfy {
                (try? tile(whole.replacing(axis: 1, with: $0), of: value, layers: layers)) != nil
            }
        }
        guard !places.isEmpty else { return [whole] }
        let chosen = Set((1..<max(count, 2)).map { _ in places.pick(&generator) }).sorted()
        return zip([0] + chosen, chosen + [whole[1].count]).map { whole.replacing(axis: 1, with: $0..<$1) }
    }
}

extension Region {
    /// At most `count` parts, made by cutting at random places along height, width and now and then the batch: strips, grids,
    /// and divisions that are neither.
    public func randomParts(_ count: Int, using generator: inout SeededGenerator) -> [Region] {
        var parts = [self]
        for _ in 1..<max(count, 1) {
            let axis = [0, 2, 2, 2, 3, 3, 3].pick(&generator)
            let index = parts.indices.pick(&generator)
            let range = parts[index][axis]
            guard range.count > 1 else { continue }
            let middle = Int.random(in: range.lowerBound + 1..<range.upperBound, using: &generator)
            parts.append(parts[index].replacing(axis: axis, with: middle..<range.upperBound))
            parts[index] = parts[index].replacing(axis: axis, with: range.lowerBound..<middle)
        }
        return parts
    }
}
