import Tessera
import TesseraTestSupport
import Testing

/// Layers that run within the one before them give what they give alone, to the bit: a tile may begin or end between the two.
@Suite struct FusionTests {
    private static let functions: [any Operator] = [
        Relu(), LeakyRelu(), Relu6(), Clip(), Elu(), Selu(), Sigmoid(), HardSigmoid(), HardSwish(), Tanh(), Gelu(),
        Mish(),
        Swish(), Absolute(), Negate(), Sqrt(), Reciprocal(), Round(),
    ]
    /// Channels in and out, kernel, groups.
    private static let layers: [(Int, Int, Int, Int)] = [
        (3, 16, 3, 1), (16, 40, 1, 1), (32, 17, 3, 1), (24, 24, 3, 24), (64, 32, 1, 1), (33, 7, 5, 1),
    ]

    @Test("a function of each element, whichever it is", arguments: 0..<functions.count)
    func functionsWithinConvolutions(index: Int) throws {
        let function = Self.functions[index]
        for (channels, outputs, kernel, groups) in Self.layers {
            let (fused, apart) = try outputsOf(channels, outputs, kernel, groups) { graph, conv, _ in
                try graph.addNode("function", function, inputs: [conv])
            }
            #expect((fused == apart) as Bool, "\(function.name) after \(channels) -> \(outputs), kernel \(kernel)")
        }
    }

    @Test("a sum with a value, and what follows it, whether the value is read again or not", arguments: [false, true])
    func sums(isReadAgain: Bool) throws {
        for (channels, outputs, kernel, groups) in Self.layers {
            let (fused, apart) = try outputsOf(channels, outputs, kernel, groups) { graph, conv, other in
                let sum = try graph.addNode("sum", Add(), inputs: [other, conv])
                let active = try graph.addNode("active", Relu(), inputs: [sum])
                return isReadAgain ? try graph.addNode("again", Subtract(), inputs: [active, other]) : active
            }
            #expect((fused == apart) as Bool, "\(channels) -> \(outputs), kernel \(kernel)")
        }
    }

    @Test("a profile names the layers that run within another")
    func merged() throws {
        let session = try Session(
            bound(8, 8, 3, 1, isApart: false) { graph, conv, other in
                let sum = try graph.addNode("sum", Add(), inputs: [conv, other])
                return try graph.addNode("active", Relu(), inputs: [sum])
            }, backend: OneDNNBackend())
        #expect(session.kernels.map(\.layer) == ["other", "conv"])
        #expect(session.kernels.map(\.merged) == [[], ["sum", "active"]])
    }

    @Test("a sum with a slice that is padded, as in an option-A shortcut, runs within the convolution, too")
    func shortcuts() throws {
        func shortcut(_ graph: inout Graph, _ conv: Graph.ValueID, _ other: Graph.ValueID) throws -> Graph.ValueID {
            let half = try graph.addNode("half", Slice(axes: [1], starts: [0], ends: [4]), inputs: [other])
            let padded = try graph.addNode("padded", Pad(axes: [1], before: [2], after: [2]), inputs: [half])
            let sum = try graph.addNode("sum", Add(), inputs: [conv, padded])
            return try graph.addNode("active", Relu(), inputs: [sum])
        }
        let session = try Session(bound(8, 8, 3, 1, isApart: false, after: shortcut), backend: OneDNNBackend())
        #expect(session.kernels.map(\.layer) == ["other", "half", "padded", "conv"])
        #expect(session.kernels.last?.merged == ["sum", "active"])
        let (fused, apart) = try outputsOf(8, 8, 3, 1, after: shortcut)
        #expect((fused == apart) as Bool)
    }

    /// The output of a convolution and what `after` adds to it: with nothing in between, and with the convolution's own result
    /// as another output, so that nothing can run within it.
    private func outputsOf(
        _ channels: Int, _ outputs: Int, _ kernel: Int, _ groups: Int,
        after: (inout Graph, Graph.ValueID, Graph.ValueID) throws -> Graph.ValueID
    ) throws -> (fused: Tensor?, apart: Tensor?) {
        let results = try [false, true].map { isApart in
            let graph = try bound(channels, outputs, kernel, groups, isApart: isApart, after: after)
            var generator = SeededGenerator(seed: 12)
            return try Session(graph, backend: OneDNNBackend()).run([
                "x": .random([1, channels, 11, 13], using: &generator)
            ])
        }
        return (results[0]["y"], results[1]["y"])
    }

    private func bound(
        _ channels: Int, _ outputs: Int, _ kernel: Int, _ groups: Int, isApart: Bool,
        after: (inout Graph, Graph.ValueID, Graph.ValueID) throws -> Graph.ValueID
    ) throws -> BoundGraph {
        var graph = Graph()
        var layer = Conv()
        (layer.channels, layer.kernel, layer.padding, layer.groups) = (outputs, PerAxis([kernel]), .same, groups)
        var other = Conv()
        (other.channels, other.kernel) = (outputs, PerAxis([1]))
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, channels, 11, 13])))
        let beside = try graph.addNode("other", other, inputs: [x])
        let conv = try graph.addNode("conv", layer, inputs: [x])
        try graph.addOutput("y", after(&graph, conv, beside))
        if isApart { try graph.addOutput("conv", conv) }
        var generator = SeededGenerator(seed: 11)
        return try BoundGraph(graph, inputs: [:]) { _, specification in
            try .random(specification, using: &generator)
        }
    }
}
