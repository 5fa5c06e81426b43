import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct GraphTests {
    @Test("a name is used once, by inputs and layers together")
    func names() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 2])))
        try graph.addNode("relu", Relu(), inputs: [x])
        expectError(.invalidArgument, "'relu'", "twice") { try graph.addNode("relu", Relu(), inputs: [x]) }
        expectError(.invalidArgument, "'x'", "twice") { try graph.addNode("x", Relu(), inputs: [x]) }
        expectError(.invalidArgument, "'relu'", "twice") {
            try graph.addInput("relu", shape: SymbolicShape(Shape([1])))
        }
        try graph.addOutput("y", x)
        expectError(.invalidArgument, "'y'", "twice") { try graph.addOutput("y", x) }
    }

    @Test("a layer that is refused leaves no trace: its name is free again")
    func refusedLayers() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 2])))
        let location = TesseraCore.SourceLocation(file: "n.yaml", line: 3, column: 5)
        expectError(.shapeMismatch, "n.yaml:3:5: sum: 'subtract' expects 2 inputs, found 1") {
            try graph.addNode("sum", Subtract(), inputs: [x], location: location)
        }
        expectError(.shapeMismatch, "'concat' expects at least 1 inputs, found 0") {
            try graph.addNode("sum", Concat(), inputs: [])
        }
        expectError(.notFound, "sum: expected inputs among 1 values, found [0, 7]") {
            try graph.addNode("sum", Subtract(), inputs: [x, 7])
        }
        #expect(graph.nodes.isEmpty)
        try graph.addNode("sum", Subtract(), inputs: [x, x])
        #expect(graph.values.map(\.name) == ["x", "sum"])
        expectError(.notFound, "found 2") { try graph.addOutput("y", 2) }
    }

    @Test("values are found by name, or the nearest is suggested")
    func lookup() throws {
        var graph = Graph()
        let x = try graph.addInput("image", shape: SymbolicShape(Shape([1, 2])))
        let y = try graph.addNode("conv1", Relu(), inputs: [x])
        #expect(try graph.value(named: "conv1") == y)
        expectError(.notFound, "did you mean 'conv1'?") { try graph.value(named: "conv2") }
    }

    @Test("the name of a layer that was merged into another is taken, stands for its value, and outlives binding")
    func aliases() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([.symbol("n")]))
        try graph.addNode("first", Negate(), inputs: [x])
        let y = try graph.addNode("conv1", Relu(), inputs: [x])
        try graph.addAlias("bn1", kind: "batch_norm", of: y)
        try graph.addOutput("y", y)
        #expect(try graph.value(named: "bn1") == y)
        expectError(.notFound, "did you mean 'bn1'?") { try graph.value(named: "bn11") }
        expectError(.invalidArgument, "'bn1'", "twice") { try graph.addAlias("bn1", kind: "add", of: x) }
        expectError(.invalidArgument, "'bn1'", "twice") { try graph.addNode("bn1", Relu(), inputs: [x]) }
        expectError(.notFound, "found 9") { try graph.addAlias("bn2", kind: "add", of: 9) }
        let bound = try BoundGraph(graph, inputs: ["x": [2]]) { _, _ in nil }
        #expect(try bound.graph.value(named: "bn1") == bound.graph.value(named: "conv1"))
        #expect(bound.graph.aliases.map(\.kind) == ["batch_norm"])
    }

    @Test("other outputs are named as the values are")
    func replacedOutputs() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([1, 2] as Shape))
        let a = try graph.addNode("a", Relu(), inputs: [x])
        let b = try graph.addNode("b", Relu(), inputs: [a])
        try graph.addOutput("a", b)
        #expect(try graph.replacingOutputs([a, b]).outputs.map(\.name) == ["a", "b"])
        #expect(graph.outputs.map(\.value) == [b])
        expectError(.notFound) { try graph.replacingOutputs([7]) }
    }

    @Test("consumers name each reader once, even if it reads a value twice")
    func consumers() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 2])))
        let a = try graph.addNode("a", Relu(), inputs: [x])
        let b = try graph.addNode("b", Add(), inputs: [a, a])
        try graph.addNode("c", Add(), inputs: [a, b])
        #expect(graph.consumers == [[0], [1, 2], [2], []])
        #expect(graph.values[b].producer == 1)
        #expect(graph.values[x].producer == nil)
    }
}
