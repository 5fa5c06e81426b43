import Tessera
import TesseraTestSupport
import Testing

@Suite struct StripsTests {
    @Test("YOLOv2's first 16 layers over 608x608 in 4 strips: thinner ones in the middle take it from 2.64 to 2.88")
    func yolo() throws {
        let graph = try NetworkSketch.yolo16()
        let plan = try plan(graph, nodes: 4)
        #expect(plan.speedupBound >= 2.88, "\(plan.speedupBound)")
        let rows = plan.stages[0].tiles.map(\.region[2].count)
        #expect(rows.reduce(0, +) == 38)
        #expect(rows[1] < rows[0] && rows[2] < rows[3], "\(rows)")
    }

    @Test("no other strips have a smaller maximum, by trying all, on random maps, stages and speeds")
    func bruteForce() throws {
        for seed in propertySeeds(150) {
            var generator = SeededGenerator(seed: seed)
            let graph = try RandomNetwork.make(largestValue: 4000, using: &generator)
            var strategy = Strips()
            strategy.axis = [.height, .width].pick(&generator)
            let nodes = Int.random(in: 1...4, using: &generator)
            let speeds = (0..<nodes).map { _ in [1, 1, 2, 0.5, 3].pick(&generator) }
            if Bool.random(using: &generator) { strategy.speeds = speeds }
            let span = try Span(graph)
            guard let output = span.output else { continue }
            if Bool.random(using: &generator) {
                strategy.cutAfter = [graph.graph.values[span.cutPoints.pick(&generator)].name]
            }
            let axis = strategy.axis == .height ? 2 : 3
            guard graph.shapes[output][axis] <= 16 else { continue }
            let plan = try Plan(graph, nodes: nodes, strategy: strategy, named: "strips")
            let index = plan.stages.count - 1
            let convolves = plan.stages[index].layers.contains { graph.graph.nodes[$0].op is Conv }
            guard convolves else { continue }
            let found = longest(plan, index, strategy.speeds)
            let least = try smallestMaximum(of: plan, stage: index, axis: axis, speeds: strategy.speeds)
            #expect(found == least, "TESSERA_SEED=\(seed)\n\(graph.listing)\n\(plan)")
        }
    }

    @Test("a node of twice the speed gets twice the rows where no halo disturbs the balance")
    func speeds() throws {
        var network = try NetworkSketch(1, 12, 4)
        try network.add("conv", NetworkSketch.conv(1, 1))
        var strategy = Strips()
        strategy.speeds = [1, 2, 1]
        let plan = try Plan(network.bound(), nodes: 3, strategy: strategy, named: "strips")
        #expect(plan.stages[0].tiles.map { $0.region[2] } == [0..<3, 3..<9, 9..<12])
    }

    @Test("maps are put together after the layers named, and stages without convolutions are cut evenly")
    func cuts() throws {
        var network = try NetworkSketch(1, 12, 12)
        try network.add("conv", NetworkSketch.conv(2))
        try network.add("pool", NetworkSketch.pool())
        try network.add("relu", Relu())
        let graph = try network.bound()
        let strategy = try Registry<any PartitionStrategy>.builtin.make(
            "strips", .map([("cut_after", "conv".configuration), ("axis", "width".configuration)]))
        let plan = try Plan(graph, nodes: 3, strategy: strategy, named: "strips")
        #expect(plan.stages.map { graph.graph.values[$0.output].name } == ["conv", "relu"])
        #expect(plan.stages[1].tiles.map { $0.region[3] } == [0..<2, 2..<4, 4..<6])
    }

    @Test("more nodes than rows: every row is one node's")
    func fewRows() throws {
        var network = try NetworkSketch(1, 3, 4)
        try network.add("conv", NetworkSketch.conv(1))
        let plan = try plan(network.bound(), nodes: 7)
        #expect(plan.stages[0].tiles.map { $0.region[2] } == [0..<1, 1..<2, 2..<3])
    }

    @Test("speeds that are none, or not one for each node, are refused")
    func badSpeeds() throws {
        for speeds in [
            [], [1, 0], [1, -2], [.infinity], [Double.nan], [1, 1e-20], [1e308, 1e-308],
            [.leastNonzeroMagnitude, 1],
        ] {
            var strategy = Strips()
            strategy.speeds = speeds
            expectError(.invalidArgument, "'speeds' expects numbers above 0, none 10^12 times another") {
                try strategy.validate()
            }
        }
        var strategy = Strips()
        strategy.speeds = [1, 2]
        let graph = try NetworkSketch.vgg16()
        expectError(.invalidArgument, "'speeds' expects a number for each of 3 nodes, found 2") {
            try Plan(graph, nodes: 3, strategy: strategy, named: "strips")
        }
    }

    private func plan(_ graph: BoundGraph, nodes: Int) throws -> Plan {
        try Plan(graph, nodes: nodes, strategy: Strips(), named: "strips")
    }

    /// The longest that a node takes for a stage.
    private func longest(_ plan: Plan, _ stage: Int, _ speeds: [Double]?) -> Double {
        zip(plan.loads(of: plan.stages[stage]), speeds ?? Array(repeating: 1, count: plan.nodeCount))
            .map { Double($0) / $1 }.max() ?? 0
    }

    /// The least that any boundaries come to.
    private func smallestMaximum(of plan: Plan, stage: Int, axis: Int, speeds: [Double]?) throws -> Double {
        let output = plan.stages[stage].output
        let whole = Region(whole: plan.graph.shapes[output])
        var choices = plan.stages.map(\.choice)
        var least = Double.infinity
        for cuts in boundaries(nodes: plan.nodeCount, size: whole[axis].count) {
            choices[stage].tiles = zip([0] + cuts, cuts + [whole[axis].count]).enumerated().compactMap { node, part in
                part.0 == part.1
                    ? nil : TileChoice(node: node, region: whole.replacing(axis: axis, with: part.0..<part.1))
            }
            let other = try Plan(plan.graph, nodes: plan.nodeCount, choices: choices, strategy: "any")
            least = min(least, longest(other, stage, speeds))
        }
        return least
    }

    /// All ways to place the boundaries between nodes.
    private func boundaries(nodes: Int, size: Int) -> [[Int]] {
        guard nodes > 1 else { return [[]] }
        return boundaries(nodes: nodes - 1, size: size).flatMap { cuts in
            ((cuts.last ?? 0)...size).map { cuts + [$0] }
        }
    }
}
