import Tessera
import TesseraTestSupport
import Testing

@Suite struct SpanTests {
    @Test("a chain can be cut after every layer, up to the first that is not local in space")
    func chain() throws {
        var network = try NetworkSketch(3, 16, 16)
        try network.add("conv", NetworkSketch.conv(4))
        try network.add("relu", Relu())
        try network.add("pool", NetworkSketch.pool())
        try network.add("average", GlobalAveragePool())
        try network.add("scaled", BatchNorm())
        #expect(try cutPoints(network) == ["conv", "relu", "pool"])
    }

    @Test("after the span, values can be cut that pooling whole maps, flattening and linear layers make")
    func head() throws {
        var network = try NetworkSketch(3, 16, 16)
        try network.add("conv", NetworkSketch.conv(4))
        try network.add("average", GlobalAveragePool())
        let flat = try network.add("flat", Flatten())
        try network.add("fc1", Linear(configuration: 4.configuration))
        let relu = try network.add("relu", Relu())
        try network.add("sum", Add(), flat, relu)
        try network.add("fc2", Linear(configuration: 2.configuration))
        let graph = try network.bound()
        func names(_ values: [Graph.ValueID]) -> [String] { values.map { graph.graph.values[$0].name } }
        let span = try Span(graph)
        #expect(names(span.cutPoints) == ["conv"])
        // fc1 and relu are beside the sum's other operand.
        #expect(names(span.laterCutPoints) == ["average", "flat", "sum", "fc2"])
        #expect(names(span.allCutPoints) == ["conv", "average", "flat", "sum", "fc2"])
        #expect(span.output == span.cutPoints[0])
        let part = try Span(graph, end: "flat")
        #expect(names(part.allCutPoints) == ["conv", "average", "flat"])
        #expect(try Span(graph, end: "conv").laterCutPoints.isEmpty)
        expectError(.invalidArgument, "cannot be cut after 'fc1'") { try Span(graph, end: "fc1") }
        // What cuts maps does not cut there.
        var strips = Strips()
        strips.cutAfter = ["flat"]
        expectError(.invalidArgument, "cannot be cut after 'flat'; there are: conv") {
            try Plan(graph, nodes: 2, strategy: strips, named: "strips")
        }
    }

    @Test("a layer that was merged into another names where a network is cut, and so does its kind")
    func merged() throws {
        var network = try NetworkSketch(3, 16, 16)
        try network.add("conv1", NetworkSketch.conv(4))
        try network.add("bn1", BatchNorm())
        try network.add("relu1", Relu())
        try network.add("conv2", NetworkSketch.conv(4))
        try network.add("bn2", BatchNorm())
        try network.add("relu2", Relu())
        let written = Network(name: "n", graph: network.graph, inputs: [:], weights: .random(seed: 1))
        let graph = try written.folded().bound(inputs: ["image": [1, 3, 16, 16]])
        func names(_ values: [Graph.ValueID]) -> [String] { values.map { graph.graph.values[$0].name } }
        #expect(graph.graph.nodes.map(\.name) == ["conv1", "relu1", "conv2", "relu2"])
        #expect(try names(Span(graph, end: "bn2").cutPoints) == ["conv1", "relu1", "conv2"])
        #expect(try names([Span(graph).cutPoint(named: "bn1")]) == ["conv1"])
        #expect(try names(Span(graph).cutPoints(ofKind: "batch_norm")) == ["conv1", "conv2"])
        expectError(.invalidArgument, "cannot be cut after 'bn2'") {
            try Span(graph, end: "conv1").cutPoint(named: "bn2")
        }
        for name in ["bn1", "batch_norm"] {
            var strategy = FusedGrid()
            strategy.cutAfter = [name]
            let plan = try Plan(graph, nodes: 2, strategy: strategy, named: "fused-grid")
            #expect(
                names(plan.stages.map(\.output)) == (name == "bn1" ? ["conv1", "relu2"] : ["conv1", "conv2", "relu2"]))
        }
    }

    @Test("a residual block can be cut before its split and after its sum, not inside")
    func residual() throws {
        var network = try NetworkSketch(8, 16, 16)
        let stem = try network.add("stem", NetworkSketch.conv(8))
        try network.add("a", NetworkSketch.conv(8))
        let b = try network.add("b", NetworkSketch.conv(8))
        try network.add("sum", Add(), stem, b)
        try network.add("relu", Relu())
        #expect(try cutPoints(network) == ["stem", "sum", "relu"])
    }

    @Test(
        "a skip from the network's own input does not forbid a cut: every node can be given its part of the input again"
    )
    func skipFromInput() throws {
        var network = try NetworkSketch(1, 16, 16)
        let image = network.last
        try network.add("conv0", NetworkSketch.conv(8))
        try network.add("relu", Relu())
        let noise = try network.add("conv1", NetworkSketch.conv(1))
        try network.add("denoised", Subtract(), image, noise)
        #expect(try cutPoints(network) == ["conv0", "relu", "conv1", "denoised"])
    }

    @Test("branches that are concatenated can be cut where they meet")
    func branches() throws {
        var network = try NetworkSketch(8, 16, 16)
        let stem = try network.add("stem", NetworkSketch.conv(8))
        let left = try network.add("left", NetworkSketch.conv(4, 1), stem)
        let right = try network.add("right", NetworkSketch.conv(4, 5), stem)
        try network.add("joined", Concat(), left, right)
        #expect(try cutPoints(network) == ["stem", "joined"])
    }

    @Test("a value that is an output itself is no part of a later cut")
    func outputInTheMiddle() throws {
        var network = try NetworkSketch(8, 16, 16)
        let first = try network.add("first", NetworkSketch.conv(8))
        let second = try network.add("second", NetworkSketch.conv(8))
        var graph = network.graph
        try graph.addOutput("features", first)
        try graph.addOutput("out", second)
        let span = try Span(BoundGraph(graph, inputs: [:]) { _, _ in nil })
        #expect(span.cutPoints == [first])
    }

    @Test("a network with nothing local in space has no span, and its plan leaves everything to the leader")
    func nothingToCut() throws {
        var network = try NetworkSketch(3, 4, 4)
        try network.add("flat", Flatten())
        try network.add("classes", Linear(configuration: 10.configuration))
        let graph = try network.bound(random: 3)
        #expect(try Span(graph).output == nil)
        let plan = try Plan(graph, nodes: 3, strategy: Vertical(), named: "vertical")
        #expect(plan.stages.isEmpty)
        #expect(plan.remainingLayers == [0, 1])
        #expect(plan.redundancy == 1)
        #expect(plan.speedupBound == 1)
        #expect(plan.bytesMoved == 0)
        #expect(plan.description.contains("nothing can be cut in space: the leader runs all 2 layers"))
        #expect(plan.svg().contains("nothing can be cut in space"))
        let inputs = ["image": try Tensor(zeros: [1, 3, 4, 4])]
        let whole = try Session(graph, backend: OneDNNBackend()).run(inputs)
        #expect(try plan.run(inputs, backend: OneDNNBackend()) == whole)
    }

    @Test("a span ends where it is told, if it can be cut there")
    func end() throws {
        var network = try NetworkSketch(8, 16, 16)
        let stem = try network.add("stem", NetworkSketch.conv(8))
        let inner = try network.add("inner", NetworkSketch.conv(8))
        try network.add("sum", Add(), stem, inner)
        let graph = try network.bound()
        let span = try Span(graph, end: "stem")
        #expect(span.output == stem)
        #expect(try span.cutPoint(named: "stem") == stem)
        expectError(.invalidArgument, "cannot be cut after 'sum'; there are: stem") { try span.cutPoint(named: "sum") }
        expectError(.invalidArgument, "cannot be cut after 'inner'") { try Span(graph, end: "inner") }
        expectError(.notFound, "unknown layer or input 'stam', did you mean 'stem'?") { try Span(graph, end: "stam") }
    }

    @Test("layers are those that a value needs and that nothing available makes")
    func layers() throws {
        var network = try NetworkSketch(8, 16, 16)
        let stem = try network.add("stem", NetworkSketch.conv(8))
        let left = try network.add("left", NetworkSketch.conv(4, 1), stem)
        let right = try network.add("right", NetworkSketch.conv(4, 5), stem)
        let joined = try network.add("joined", Concat(), left, right)
        let span = try Span(network.bound())
        #expect(span.layers(making: joined, from: []) == [0, 1, 2, 3])
        #expect(span.layers(making: joined, from: [stem]) == [1, 2, 3])
        #expect(span.layers(making: joined, from: [left]) == [0, 2, 3])
        #expect(span.layers(making: stem, from: [stem]) == [])
    }

    private func cutPoints(_ network: NetworkSketch) throws -> [String] {
        let span = try Span(network.bound())
        return span.cutPoints.map { span.graph.graph.values[$0].name }
    }
}
