import Testing
import TesseraCore
import TesseraOneDNN
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport

@Suite struct LayerNormTests {
    @Test("axes, types, with and without weights")
    func conformance() throws {
        try checkOperator([
            OperatorCase(op(-1), [5, 7]), OperatorCase(op(1), [2, 3, 4, 5]), OperatorCase(op(0), [9]),
            OperatorCase(op(2, affine: false), [2, 3, 4]), OperatorCase(op(-1, bias: false), [2, 3, 4, 5, 3]),
            OperatorCase(op(-1), [5, 7], types: [.f64]), OperatorCase(op(-1), [5, 7], types: [.f16]),
            OperatorCase(op(-1), [0, 7]),
        ])
    }

    @Test("the kernel, which runs if nobody reads the mean, agrees with the reference")
    func kernel() throws {
        var generator = SeededGenerator(seed: 7)
        let cases: [(LayerNorm, Shape)] = [
            (op(-1), [5, 7]), (op(-1), [2, 3, 768]), (op(1), [2, 3, 4, 5]), (op(0, bias: false), [33]),
            (op(-1, affine: false), [4, 1, 19]),
        ]
        for (op, shape) in cases {
            var graph = Graph()
            let x = try graph.addInput("x", shape: SymbolicShape(shape))
            try graph.addOutput("y", graph.addNode("layer", op, inputs: [x]))
            let bound = try BoundGraph(graph, inputs: [:]) { try .random($1, using: &generator) }
            let input = try Tensor.random(shape, using: &generator)
            let expected = try ReferenceBackend().compile(bound, options: CompileOptions()).run([input])[0].floats()
            let kernel = try OneDNNBackend().compile(bound, options: CompileOptions())
            #expect(kernel.kernels.first?.implementation.hasPrefix("reference") == false)
            let found = try kernel.run([input])[0].floats()
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 2e-6 } as Bool, "\(op) over \(shape)")
        }
    }

    @Test("the mean, the inverse deviation and the result, by hand")
    func byHand() throws {
        var op = op(-1)
        op.epsilon = 3
        let x = try Tensor([2, 4, 11, 9], shape: [2, 2])
        let parameters = ["weight": try Tensor([2, 4], shape: [2]), "bias": try Tensor([0, 1], shape: [2])]
        let y = try op.forward([x], parameters: parameters)
        #expect(try y.map { try $0.floats() } == [[-1, 3, 1, -1], [3, 10], [0.5, 0.5]])
        #expect(y[1].shape == [2, 1])
        let half = try Tensor(reals: [2, 4, 11, 9], shape: [2, 2], elementType: .f16)
        #expect(try op.forward([half], parameters: parameters).map(\.elementType) == [.f16, .f32, .f32])
    }

    @Test("a weight that is given as an input is repeated, and comes without a bias")
    func broadcastWeight() throws {
        var op = op(1)
        op.epsilon = 3
        let x = try Tensor([2, 4, 2, 4], shape: [1, 2, 2])
        #expect(try runLayer(op, [x, Tensor([2, 4], shape: [2])], known: [1])[0].floats() == [-1, 2, -1, 2])
    }

    private func op(_ axis: Int, affine: Bool = true, bias: Bool = true) -> LayerNorm {
        var op = LayerNorm()
        (op.axis, op.affine, op.bias) = (axis, affine, bias)
        return op
    }
}
