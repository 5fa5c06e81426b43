import Tessera
import TesseraTestSupport
import Testing

@Suite struct ChannelTests {
    @Test("a stage for each convolution, with what keeps channels after it, cut at multiples of 16")
    func chain() throws {
        var network = try NetworkSketch(3, 8, 8)
        try network.add("conv1", NetworkSketch.conv(32))
        try network.add("relu1", Relu())
        var depthwise = NetworkSketch.conv(32)
        depthwise.groups = 32
        try network.add("depthwise", depthwise)
        try network.add("pool", NetworkSketch.pool())
        try network.add("conv2", NetworkSketch.conv(48, 1))
        let plan = try plan(network.bound(), nodes: 2)
        #expect(outputs(plan) == ["pool", "conv2"])
        #expect(plan.stages.map { $0.tiles.map { $0.region[1] } } == [[0..<16, 16..<32], [0..<32, 32..<48]])
        #expect(plan.stages[0].tiles[1].inputs[0].region == Region([0..<1, 0..<3, 0..<8, 0..<8]))
        #expect(plan.redundancy == 1)
        // The picture to both, the other's 16 channels of 4x4 to each, and the result.
        #expect(plan.bytesExchanged == (2 * 3 * 64 + 2 * 16 * 16 + 48 * 16) * 4)
        // Half of conv1 with its bias and half of the depthwise layer, then two thirds of conv2, as they came and as kernels read them.
        #expect(plan.memory[0].weights == 2 * (16 * (3 * 9 + 1) + 16 * (9 + 1) + 32 * (32 + 1)) * 4)
        // What conv1 and the activation make, the picture, and the result with what is sent of it.
        #expect(plan.memory[0].activations == (2 * 16 * 64 + 3 * 64 + 2 * 16 * 16) * 4)
        let (conv1, depthwise1, conv2) = (
            try plan.graph.graph.value(named: "conv1"), try plan.graph.graph.value(named: "depthwise"),
            try plan.graph.graph.value(named: "conv2")
        )
        let layers = [conv1, depthwise1, conv2].map { output in
            plan.graph.graph.nodes.firstIndex { $0.outputs.contains(output) } ?? -1
        }
        #expect(
            try plan.weights(ofNode: 1) == [
                WeightPart(layer: layers[0], name: "weight", region: Region([16..<32, 0..<3, 0..<3, 0..<3])),
                WeightPart(layer: layers[0], name: "bias", region: Region([16..<32])),
                WeightPart(layer: layers[1], name: "weight", region: Region([16..<32, 0..<1, 0..<3, 0..<3])),
                WeightPart(layer: layers[1], name: "bias", region: Region([16..<32])),
                WeightPart(layer: layers[2], name: "weight", region: Region([32..<48, 0..<32, 0..<1, 0..<1])),
                WeightPart(layer: layers[2], name: "bias", region: Region([32..<48])),
            ])
    }

    @Test("a weight of which parts overlap so much that the whole is smaller is needed whole")
    func overlappingParts() throws {
        var network = try NetworkSketch(2, 4, 4)
        try network.add("conv", NetworkSketch.conv(8, 1))
        let graph = try network.bound()
        let output = try graph.graph.value(named: "conv")
        let tiles = [(0..<5, 0..<2), (0..<6, 2..<4), (5..<8, 0..<2), (6..<8, 2..<4)].map {
            TileChoice(node: 0, region: Region([0..<1, $0.0, $0.1, 0..<4]))
        }
        let plan = try Plan(
            graph, nodes: 1, choices: [StageChoice(output: output, tiles: tiles)], strategy: "hand")
        #expect(Set(try plan.weights(ofNode: 0).map(\.region)) == [nil])
    }

    @Test("branches that begin within a vector are not cut there")
    func concatenation() throws {
        var network = try NetworkSketch(8, 6, 6)
        let image = network.last
        let left = try network.add("left", NetworkSketch.conv(24), image)
        let right = try network.add("right", NetworkSketch.conv(40), image)
        try network.add("joined", Concat(), left, right)
        let plan = try plan(network.bound(), nodes: 3)
        // 32 and 48 are channels 8 and 24 of the branch on the right.
        #expect(plan.stages[0].tiles.map { $0.region[1] } == [0..<16, 16..<64])
    }

    @Test("groups stay together, those that do not fill vectors with all others, and 16 channels are one node's")
    func groups() throws {
        var network = try NetworkSketch(96, 6, 6)
        for (name, groups) in [("whole", 3), ("ragged", 4)] {
            var grouped = NetworkSketch.conv(96)
            grouped.groups = groups
            try network.add(name, grouped)
        }
        try network.add("narrow", NetworkSketch.conv(16))
        let plan = try plan(network.bound(), nodes: 4)
        #expect(outputs(plan) == ["whole", "ragged", "narrow"])
        // Groups of 32, then groups of 24.
        #expect(
            plan.stages.map { $0.tiles.map { $0.region[1] } } == [[0..<32, 32..<64, 64..<96], [0..<96], [0..<16]])
    }

    @Test("layers up to the ones named are cut into strips, later ones along channels")
    func after() throws {
        let graph = try NetworkSketch.vgg16()
        var strategy = Channel()
        strategy.after = ["max_pool"]
        let plan = try Plan(graph, nodes: 4, strategy: strategy, named: "channel")
        func keepsChannels(_ stage: Stage) -> Bool { stage.tiles[0].region[1].count == graph.shapes[stage.output][1] }
        #expect(outputs(plan).suffix(4) == ["pool4", "conv5_1", "conv5_2", "conv5_3"])
        #expect(plan.stages.dropLast(3).allSatisfy(keepsChannels))
        #expect(plan.stages.suffix(3).allSatisfy { $0.tiles.map(\.region[1].count) == [128, 128, 128, 128] })
        strategy.after = ["conv5_3"]
        let strips = try Plan(graph, nodes: 4, strategy: strategy, named: "channel")
        #expect(strips.stages.allSatisfy(keepsChannels))
        strategy.after = ["conv9"]
        expectError(.invalidArgument, "cannot be cut after 'conv9'") {
            try Plan(graph, nodes: 4, strategy: strategy, named: "channel")
        }
    }

    @Test("wide random networks, cut along channels, equal the whole to the bit")
    func equality() throws {
        for seed in propertySeeds(100) {
            var generator = SeededGenerator(seed: seed)
            let graph = try wideNetwork(using: &generator)
            var strategy = Channel()
            let nodes = Int.random(in: 2...6, using: &generator)
            if Bool.random(using: &generator) {
                strategy.speeds = (0..<nodes).map { _ in [1, 2, 0.5, 4].pick(&generator) }
            }
            let plan = try Plan(graph, nodes: nodes, strategy: strategy, named: "channel")
            let inputs = try graph.randomInputs(using: &generator)
            let options = CompileOptions(threads: Int.random(in: 1...2, using: &generator))
            let whole = try Session(graph, backend: OneDNNBackend(), options: options).run(inputs)
            let stitched = try plan.run(inputs, backend: OneDNNBackend(), options: options)
            if stitched != whole {
                Issue.record("TESSERA_SEED=\(seed) differs\n\(graph.listing)\n\(plan)")
            }
        }
    }

    @Test("linear layers are cut along their features, each node with its part of the weights and all of what it reads")
    func linear() throws {
        var network = try NetworkSketch(16, 4, 4)
        try network.add("conv", NetworkSketch.conv(32))
        try network.add("pool", NetworkSketch.pool())
        try network.add("flat", Flatten())
        try network.add("fc1", Linear(configuration: 64.configuration))
        try network.add("relu", Relu())
        try network.add("fc2", Linear(configuration: 10.configuration))
        try network.add("classes", Softmax())
        let plan = try plan(network.bound(), nodes: 2)
        #expect(outputs(plan) == ["pool", "relu", "fc2"])
        #expect(plan.stages[1].tiles.map(\.region) == [Region([0..<1, 0..<32]), Region([0..<1, 32..<64])])
        #expect(plan.stages[1].tiles[1].inputs.map(\.region) == [Region([0..<1, 0..<32, 0..<2, 0..<2])])
        // Ten features fill no vector.
        #expect(plan.stages[2].tiles.map(\.region) == [Region([0..<1, 0..<10])])
        #expect(plan.remainingLayers.count == 1)
        #expect(plan.redundancy == 1)
        #expect(plan.spanMultiplyAccumulates == 32 * 16 * 9 * 16 + 128 * 64 + 64 * 10)
        // 16 channels of conv and 32 features of fc1 with their biases, and fc2, which the second node does not have; each twice.
        #expect(plan.memory.map(\.weights) == [650, 0].map { 2 * (16 * (16 * 9 + 1) + 32 * (128 + 1) + $0) * 4 })
        // The picture to both, 16 channels of 2x2 and 32 features to the other, and the result.
        #expect(plan.bytesExchanged == (2 * 16 * 16 + 2 * 16 * 4 + 32 + 10) * 4)
    }

    @Test("linear layers of many sizes, cut along their features, equal the whole to the bit")
    func linearEquality() throws {
        for seed in propertySeeds(100) {
            var generator = SeededGenerator(seed: seed)
            let batch = [1, 1, 2, 5].pick(&generator)
            var network = try NetworkSketch(
                [1, 3, 16, 64].pick(&generator), [1, 2, 5, 7].pick(&generator), 7, batch: batch)
            try network.add("flat", Flatten())
            for index in 0..<Int.random(in: 1...3, using: &generator) {
                var linear = Linear()
                linear.features = [17, 32, 33, 40, 48, 63, 64, 100, 144, 256, 333, 512].pick(&generator)
                linear.bias = Bool.random(using: &generator)
                try network.add("fc\(index)", linear)
                if Bool.random(using: &generator) { try network.add("relu\(index)", Relu()) }
            }
            let graph = try network.bound(random: seed)
            let plan = try plan(graph, nodes: Int.random(in: 2...6, using: &generator))
            let inputs = try graph.randomInputs(using: &generator)
            let options = CompileOptions(threads: Int.random(in: 1...2, using: &generator))
            // The reference takes long for large ones.
            let isSmall = graph.multiplyAccumulates.reduce(0, +) < 100_000
            let backends: [any KernelBackend] = [OneDNNBackend()] + (isSmall ? [ReferenceBackend()] : [])
            for backend in backends {
                let whole = try Session(graph, backend: backend, options: options).run(inputs)
                if try plan.run(inputs, backend: backend, options: options) != whole {
                    Issue.record("TESSERA_SEED=\(seed): \(backend)\n\(graph.listing)\n\(plan)")
                }
            }
        }
    }

    /// Convolutions of many channels, grouped, depthwise and joined ones among them.
    private func wideNetwork(using generator: inout SeededGenerator) throws -> BoundGraph {
        var network = try NetworkSketch(
            [3, 16, 64, 128].pick(&generator), [7, 14, 15, 28].pick(&generator), [7, 14, 19].pick(&generator))
        var channels = try network.bound().shapes[network.last][1]
        for index in 0..<Int.random(in: 1...4, using: &generator) {
            let wide = [32, 40, 48, 64, 80, 96, 100, 128, 192, 256].pick(&generator)
            let source = network.last
            var conv = NetworkSketch.conv(
                wide, [1, 1, 3, 3, 5].map { PerAxis([$0]) }.pick(&generator),
                stride: [1, 1, 1, 2].map { PerAxis([$0]) }.pick(&generator))
            conv.bias = Bool.random(using: &generator)
            conv.groups = [1, 1, 1, 2, 4].filter { channels % $0 == 0 && wide % $0 == 0 }.pick(&generator)
            let first = try network.add("conv\(index)", conv)
            channels = wide
            if Bool.random(using: &generator) { try network.add("bn\(index)", BatchNorm()) }
            if Bool.random(using: &generator) { try network.add("relu\(index)", Relu()) }
            switch Int.random(in: 0..<6, using: &generator) {
            case 0:
                var pool = NetworkSketch.pool(3, stride: 1)
                pool.padding = .explicit([1])
                try network.add("pool\(index)", pool)
            case 1:
                var depthwise = NetworkSketch.conv(channels)
                depthwise.groups = channels
                try network.add("depthwise\(index)", depthwise)
            case 4:
                var transposed = ConvTranspose()
                (transposed.channels, transposed.kernel, transposed.stride) = ([32, 48, 72].pick(&generator), 2, 2)
                guard try network.bound().shapes[network.last].elementCount < 50_000 else { break }
                try network.add("transposed\(index)", transposed)
                channels = transposed.channels
            case 2: try network.add("sum\(index)", Add(), network.last, first)
            case 3:
                conv.channels = [32, 48, 100].filter { $0 % conv.groups == 0 }.pick(&generator)
                let last = network.last
                let other = try network.add("other\(index)", conv, source)
                try network.add("joined\(index)", Concat(), last, other)
                channels += conv.channels
            default: break
            }
        }
        return try network.bound(random: UInt64.random(in: 0...99, using: &generator))
    }

    private func plan(_ graph: BoundGraph, nodes: Int) throws -> Plan {
        try Plan(graph, nodes: nodes, strategy: Channel(), named: "channel")
    }

    private func outputs(_ plan: Plan) -> [String] { plan.stages.map { plan.graph.graph.values[$0.output].name } }
}
