import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct BoundGraphTests {
    @Test("a layer that does not fit is named with its place, what is expected and what came")
    func layerErrors() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 3, 8, 8])))
        let location = TesseraCore.SourceLocation(file: "n.yaml", line: 7, column: 3)
        try graph.addNode("block1.conv", conv(channels: 4, kernel: 3, groups: 2), inputs: [x], location: location)
        expectError(.shapeMismatch, "n.yaml:7:3: block1.conv:", "divisible by 2 groups", "1x3x8x8") { try bind(graph) }
    }

    @Test("a window larger than its input leaves nothing, which is an error of that layer")
    func nothingLeft() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 3, 4, 4])))
        let a = try graph.addNode("a", conv(channels: 2, kernel: 3), inputs: [x])
        try graph.addNode("b", conv(channels: 2, kernel: 3), inputs: [a])
        expectError(.shapeMismatch, "b: inputs of 1x2x2x2 leave nothing", "1x2x0x0") { try bind(graph) }
    }

    @Test("a size named in two inputs must be the same in both")
    func symbols() throws {
        var graph = Graph()
        let (n, m) = (Dimension.symbol("n"), Dimension.symbol("m"))
        let a = try graph.addInput("a", shape: SymbolicShape([.fixed(1), .fixed(1), n, m]))
        let b = try graph.addInput("b", shape: SymbolicShape([.fixed(1), .fixed(1), m, n]))
        try graph.addNode("joined", Concat(), inputs: [a, b])
        #expect(
            try bind(graph, ["a": [1, 1, 5, 5], "b": [1, 1, 5, 5]]).shapes[2] == [1, 2, 5, 5])
        expectError(.shapeMismatch, "input 'b'", "m = 6") {
            try bind(graph, ["a": [1, 1, 5, 6], "b": [1, 1, 5, 6]])
        }
        expectError(.shapeMismatch, "joined", "differ along axis 1 only") {
            try bind(graph, ["a": [1, 1, 5, 6], "b": [1, 1, 6, 5]])
        }
        expectError(.invalidArgument, "input 'b' of shape 1x1xmxn is missing") {
            try bind(graph, ["a": [1, 1, 5, 6]])
        }
        expectError(.notFound, "no input 'c'", "there are: a, b") {
            try bind(graph, ["c": [1]])
        }
    }

    @Test(
        "inputs of absurd size are refused before a layer computes with them",
        arguments: [
            Shape([1, 1, .max, 1]), [1, 1, 1 << 31, 1 << 31], [.max, .max, .max, .max], [1, 1, 1 << 50, 4],
        ])
    func hugeInputs(shape: Shape) throws {
        var graph = Graph()
        let names = ["n", "c", "h", "w"].map(Dimension.symbol)
        let x = try graph.addInput("x", shape: SymbolicShape(names))
        try graph.addNode("conv", conv(channels: 1, kernel: 3, padding: 1), inputs: [x])
        expectError(.outOfMemory, "x", shape.description) {
            try bind(graph, ["x": shape])
        }
    }

    @Test("an output that no memory holds is refused at its layer")
    func hugeOutputs() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 1, 1, 1])))
        let pad = Pad(axes: [0, 1, 2], before: [0, 0, 0], after: [1 << 31, 1 << 31, 1 << 31])
        try graph.addNode("pad", pad, inputs: [x])
        expectError(.outOfMemory, "pad: ", "too large") { try bind(graph) }
    }

    @Test("weights are asked for by layer, and refused if of another shape")
    func weights() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 3, 8, 8])))
        try graph.addNode("c", conv(channels: 4, kernel: 3), inputs: [x])
        var asked: [String] = []
        let bound = try BoundGraph(graph, inputs: [:]) { node, specification in
            asked.append("\(node.name).\(specification.name) \(specification.shape)")
            return specification.name == "bias" ? nil : try Tensor(zeros: specification.shape)
        }
        #expect(asked == ["c.weight 4x3x3x3", "c.bias 4"])
        #expect(bound.parameters[0].keys.sorted() == ["weight"])
        expectError(.shapeMismatch, "c: expected c.weight of shape 4x3x3x3, found 4x3x3") {
            try BoundGraph(graph, inputs: [:]) { _, _ in try Tensor(zeros: [4, 3, 3]) }
        }
    }

    @Test("multiply-accumulate operations of a convolution, by hand")
    func cost() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([2, 6, 9, 9])))
        let a = try graph.addNode("a", conv(channels: 4, kernel: 3, groups: 2), inputs: [x])
        try graph.addNode("b", Relu(), inputs: [a])
        let bound = try bind(graph)
        // 2 pictures, 4 channels, 7x7 pixels; each sums 3 input channels of a 3x3 kernel.
        #expect(bound.multiplyAccumulates == [2 * 4 * 7 * 7 * 3 * 9, 0])
        #expect(bound.outputShapes(of: bound.graph.nodes[0]) == [[2, 4, 7, 7]])
        #expect(bound.inputShapes(of: bound.graph.nodes[1]) == [[2, 4, 7, 7]])
    }

    private func bind(_ graph: Graph, _ inputs: [String: Shape] = [:]) throws -> BoundGraph {
        try BoundGraph(graph, inputs: inputs) { _, _ in nil }
    }

    private func conv(channels: Int, kernel: PerAxis, padding: Int = 0, groups: Int = 1) -> Conv {
        var op = Conv()
        (op.channels, op.kernel, op.padding, op.groups) = (channels, kernel, .explicit([padding]), groups)
        return op
    }
}
