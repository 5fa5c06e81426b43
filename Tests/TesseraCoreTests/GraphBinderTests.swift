import TesseraCore
import TesseraOneDNN
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport
import Testing

@Suite struct GraphBinderTests {
    @Test("what depends on constants alone is computed while binding, and a layer that needs it reads a constant")
    func folding() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([2] as Shape))
        let a = try graph.addNode("a", constant([1, 2]), inputs: [])
        let b = try graph.addNode("b", constant([10, 20]), inputs: [])
        let sum = try graph.addNode("sum", Add(), inputs: [a, b])
        try graph.addOutput("y", graph.addNode("y", Add(), inputs: [x, sum]))
        try graph.addOutput("sum", sum)
        let bound = try BoundGraph(graph, inputs: [:]) { _, _ in nil }
        #expect(bound.graph.nodes.map(\.name) == ["sum", "y"])
        #expect(try bound.parameters[0]["value"]?.floats() == [11, 22])
        #expect(bound.graph.outputs.map(\.name) == ["y", "sum"])
        #expect(bound.graph.nodes[1].inputs == [0, 1])
        // Binding what is bound changes nothing.
        let again = try BoundGraph(bound.graph, inputs: [:]) { node, specification in
            node.name == "sum" ? bound.parameters[0][specification.name] : nil
        }
        #expect(again.graph.nodes.map(\.name) == bound.graph.nodes.map(\.name))
        #expect(again.graph.nodes[1].inputs == [0, 1])
    }

    @Test("weights that are inputs become parameters, whether constant or an input whose value is known")
    func weightsAsInputs() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([1, 2] as Shape))
        let weight = try graph.addInput("w", shape: SymbolicShape([3, 2] as Shape))
        let bias = try graph.addNode("b", constant([1, 2, 3]), inputs: [])
        var linear = Linear()
        linear.features = 3
        try graph.addOutput("y", graph.addNode("y", linear, inputs: [x, weight, bias]))
        let binder = try GraphBinder(graph, inputs: [:]) { _, _ in nil }
        #expect(binder.unknown == [weight])
        expectError(.notSupported, "y: the value of 'w' must be known beforehand") { try binder.bound() }
        let value = try Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
        let bound = try BoundGraph(graph, inputs: [:], known: ["w": value]) { _, _ in nil }
        #expect(bound.graph.nodes.map(\.name) == ["y"] && bound.graph.nodes[0].inputs == [0])
        #expect(bound.parameters[0].keys.sorted() == ["bias", "weight"])
        #expect(bound.parameters[0]["weight"] == value)
    }

    @Test("a layer of several outputs has a value for each, and types follow through the graph")
    func severalOutputs() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([4] as Shape), elementType: .i64)
        let halves = try graph.addNode("halves", Halves(), inputs: [x])
        #expect(graph.values.map(\.name) == ["x", "halves", "halves.upper"])
        #expect(try graph.value(named: "halves.upper") == halves + 1)
        #expect(try graph.value(named: "halves.lower") == halves)
        expectError(.invalidArgument, "the name 'halves.upper' is used twice") {
            try graph.addNode("halves.upper", Relu(), inputs: [x])
        }
        try graph.addOutput("sum", graph.addNode("sum", Add(), inputs: [halves, halves + 1]))
        let bound = try BoundGraph(graph, inputs: [:]) { _, _ in nil }
        #expect(bound.elementTypes == [.i64, .i64, .i64, .i64])
        #expect(bound.shapes == [[4], [2], [2], [2]])
        #expect(try bound.ordered(["x": Tensor(integers: [1, 2, 3, 4], shape: [4])]).count == 1)
        expectError(.shapeMismatch, "expects 4 i64, found 4 f32") { try bound.ordered(["x": Tensor(zeros: [4])]) }
    }

    @Test("types that do not go together are refused by the layer")
    func mixedTypes() throws {
        var graph = Graph()
        let a = try graph.addInput("a", shape: SymbolicShape([2] as Shape), elementType: .i64)
        let b = try graph.addInput("b", shape: SymbolicShape([2] as Shape))
        try graph.addNode("sum", Add(), inputs: [a, b])
        expectError(.notSupported, "sum: 'add' is not supported for inputs of different types: i64, f32") {
            try BoundGraph(graph, inputs: [:]) { _, _ in nil }
        }
    }

    @Test("what would take much memory or time is not computed while binding, but left to the run")
    func foldingIsLimited() throws {
        func build(_ layers: (inout Graph, Graph.ValueID) throws -> Graph.ValueID) throws -> BoundGraph {
            var graph = Graph()
            let ones = try graph.addNode("ones", constant([1, 1, 1, 1]), inputs: [])
            try graph.addOutput("y", layers(&graph, ones))
            return try BoundGraph(graph, inputs: [:]) { _, _ in nil }
        }
        let repeated = try build { graph, ones in
            let some = try graph.addNode("some", Repeat(repeats: [100_000]), inputs: [ones])
            let many = try graph.addNode("many", Repeat(repeats: [1_000_000]), inputs: [some])
            return try graph.addNode("sum", Reduce(.sum), inputs: [many])
        }
        #expect(repeated.graph.nodes.map(\.name) == ["some", "many", "sum"])
        // Small steps count together.
        let doubled = try build { graph, ones in
            var concat = Concat()
            concat.axis = 0
            return try (0..<35).reduce(ones) { try graph.addNode("twice\($1)", concat, inputs: [$0, $0]) }
        }
        #expect(doubled.graph.nodes.first?.name == "twice20" && doubled.graph.nodes.count == 15)
        for backend in [ReferenceBackend(), OneDNNBackend()] as [any KernelBackend] {
            expectError(.outOfMemory) { try Session(repeated, backend: backend).run([:]) }
        }
    }

    private func constant(_ values: [Double]) -> Constant {
        var op = Constant()
        op.values = values
        return op
    }
}

/// The first and the second half of a list.
private struct Halves: Operator {
    static let name = "halves"
    static let summary = "Two halves"
    static let keys: [Key<Halves>] = []
    var outputNames: [String] { ["lower", "upper"] }

    func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0], inputs[0]] }
    func outputShapes(for inputs: [Shape]) throws -> [Shape] { [[inputs[0][0] / 2], [inputs[0][0] / 2]] }
    func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let half = inputs[0].shape[0] / 2
        return try [0..<half, half..<2 * half].map { try inputs[0].cropped(to: Region([$0])) }
    }
}
