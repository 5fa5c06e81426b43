import Testing
import TesseraCore
import TesseraOneDNN
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport

@Suite struct LinearTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(linear(10), [1, 64]), OperatorCase(linear(7), [5, 33]),
            OperatorCase(linear(1, bias: false), [2, 1]),
            OperatorCase(linear(4), [9]), OperatorCase(linear(4), [2, 3, 5]), OperatorCase(linear(4), [2, 3, 4, 5]),
            OperatorCase(linear(4), [2, 1, 3, 2, 5]), OperatorCase(linear(4), [2, 5], types: [.f16]),
            OperatorCase(linear(4), [2, 5], types: [.f64]), OperatorCase(linear(4), [0, 5]),
        ])
    }

    @Test("long sums are added in the same order by 1, 2, 3 and 8 threads")
    func threads() throws {
        var generator = SeededGenerator(seed: 3)
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([1, 65536] as Shape))
        try graph.addOutput("y", graph.addNode("layer", linear(10), inputs: [x]))
        let bound = try BoundGraph(graph, inputs: [:]) { try .random($1, using: &generator) }
        let input = try Tensor.random([1, 65536], using: &generator)
        let results = try [1, 2, 3, 8].map { threads in
            try OneDNNBackend().compile(bound, options: CompileOptions(threads: threads)).run([input])[0]
        }
        #expect(results.allSatisfy { $0 == results[0] } as Bool)
    }

    @Test func byHand() throws {
        let x = try Tensor([1, 2], shape: [1, 2])
        let parameters = [
            "weight": try Tensor([1, 2, 3, 4], shape: [2, 2]), "bias": try Tensor([0.5, 0], shape: [2]),
        ]
        #expect(try linear(2).forward([x], parameters: parameters)[0].floats() == [5.5, 11])
    }

    @Test("a range of features takes its rows of the weights")
    func region() throws {
        let tile = try linear(10).tile(Region([0..<1, 3..<5]), ofOutput: 0, inputs: [[2, 8]])
        #expect(tile.inputs == [Region([0..<1, 0..<8])])
        #expect(tile.parameters["weight"] == Region([3..<5, 0..<8]))
    }

    private func linear(_ features: Int, bias: Bool = true) -> Linear {
        var op = Linear()
        (op.features, op.bias) = (features, bias)
        return op
    }
}
