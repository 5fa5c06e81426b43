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

    @Test("a head of linear layers is divided among nodes, too")
    func head() throws {
        var network = try NetworkSketch(4, 8, 8)
        try network.add("conv", NetworkSketch.conv(4))
        try network.add("flat", Flatten())
        try network.add("fc1", Linear(configuration: 32.configuration))
        try network.add("relu", Relu())
        try network.add("fc2", Linear(configuration: 288.configuration))
        let graph = try network.bound()
        // 4 · 9 · 256 = 9216 operations, 256 · 32 = 8192, and 32 · 288 = 9216.
        let plan = try plan(graph, nodes: 3)
        #expect(try outputs(graph, nodes: 3) == ["flat", "relu", "fc2"])
        #expect(plan.remainingLayers.isEmpty)
        #expect(plan.throughputBound == 26_624.0 / 9216)
        #expect(plan.memory.map(\.weights) == [4 * 37 * 4, 32 * 257 * 4, 288 * 33 * 4].map { 2 * $0 })
        // The picture, 256 and 32 features, and the result.
        #expect(plan.bytesExchanged == (256 + 256 + 32 + 288) * 4)
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
