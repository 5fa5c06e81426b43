import Tessera
import TesseraTestSupport
import Testing

@Suite struct PipelineTests {
    @Test(
        "consecutive blocks on consecutive nodes, the largest as small as can be; layers without operations stay with theirs"
    )
    func blocks() throws {
        // For each pixel 9, 1, 9 and 25 operations.
        let graph = try chain(kernels: [3, 1, 3, 5])
        #expect(try outputs(graph, nodes: 1) == ["relu3"])
        #expect(try outputs(graph, nodes: 2) == ["relu2", "relu3"])
        #expect(try outputs(graph, nodes: 9) == ["relu0", "relu1", "relu2", "relu3"])
        let plan = try plan(graph, nodes: 2)
        #expect(plan.stages.map { $0.tiles.map(\.node) } == [[0], [1]])
        #expect(plan.stages.allSatisfy { $0.tiles[0].region == Region(whole: graph.shapes[$0.output]) })
        #expect(plan.redundancy == 1)
        #expect(plan.speedupBound == 1)
        #expect(plan.throughputBound == 44.0 / 25)
        // The picture, what the first node makes, and the result.
        #expect(plan.bytesExchanged == 3 * 10 * 10 * 4)
    }

    @Test("a slow node gets less")
    func speeds() throws {
        let graph = try chain(kernels: [3, 3, 3, 3])
        var strategy = Pipeline()
        strategy.speeds = [1, 3]
        let plan = try Plan(graph, nodes: 2, strategy: strategy, named: "pipeline")
        #expect(plan.stages.map { graph.graph.values[$0.output].name } == ["relu0", "relu3"])
    }

    @Test("the largest block is the smallest there is, by trying all divisions")
    func bruteForce() throws {
        for seed in propertySeeds(60) {
            var generator = SeededGenerator(seed: seed)
            let kernels = (0..<Int.random(in: 1...7, using: &generator)).map { _ in [1, 3, 5, 7].pick(&generator) }
            let nodes = Int.random(in: 1...4, using: &generator)
            let plan = try plan(chain(kernels: kernels), nodes: nodes)
            let found = plan.stages.map { plan.loads(of: $0).max() ?? 0 }.max()
            let costs = kernels.map { $0 * $0 * 100 }
            #expect(
                found == smallestMaximum(costs[...], parts: nodes), "TESSERA_SEED=\(seed): \(kernels), \(nodes) nodes")
        }
    }

    private func smallestMaximum(_ costs: ArraySlice<Int>, parts: Int) -> Int {
        guard parts > 1, !costs.isEmpty else { return costs.reduce(0, +) }
        return (0...costs.count).map { count in
            max(costs.prefix(count).reduce(0, +), smallestMaximum(costs.dropFirst(count), parts: parts - 1))
        }.min() ?? 0
    }

    /// Convolutions of one channel over 10x10 pixels, each with an activation.
    private func chain(kernels: [Int]) throws -> BoundGraph {
        var network = try NetworkSketch(1, 10, 10)
        for (index, kernel) in kernels.enumerated() {
            try network.add("conv\(index)", NetworkSketch.conv(1, PerAxis([kernel])))
            try network.add("relu\(index)", Relu())
        }
        return try network.bound()
    }

    private func plan(_ graph: BoundGraph, nodes: Int) throws -> Plan {
        try Plan(graph, nodes: nodes, strategy: Pipeline(), named: "pipeline")
    }

    private func outputs(_ graph: BoundGraph, nodes: Int) throws -> [String] {
        try plan(graph, nodes: nodes).stages.map { graph.graph.values[$0.output].name }
    }
}
