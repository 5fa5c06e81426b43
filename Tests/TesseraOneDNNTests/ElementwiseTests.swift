import TesseraCore
import TesseraOneDNN
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport
import Testing

@Suite struct ElementwiseTests {
    private static let functions: [any Operator] = [
        Relu(), LeakyRelu(), Relu6(), Clip(minimum: -0.5, maximum: 0.25), Clip(minimum: 0.1), Clip(maximum: -0.3),
        Elu(),
        Selu(), Sigmoid(), HardSigmoid(), HardSwish(), Tanh(), Softplus(), Gelu(), tanhGelu, Mish(), Swish(),
        Absolute(),
        Negate(), Log(), Sqrt(), Reciprocal(), Round(),
    ]

    private static var tanhGelu: Gelu {
        var op = Gelu()
        op.approximation = .tanh
        return op
    }

    @Test(
        "after a convolution, whose layout may fill up channels with zeros, a function gives what it gives over a plain part",
        arguments: [1, 3, 16, 17])
    func layouts(channels: Int) throws {
        for op in Self.functions + [Prelu()] { try check(op, channels: channels, others: []) }
    }

    @Test("so do combinations, whatever the layout and the shape of the other operand", arguments: [1, 3, 16, 17])
    func combinations(channels: Int) throws {
        for op in [Add(), Subtract(), Multiply(), Divide(), Maximum(), Average()] as [any Operator] {
            for other: Shape in [[1, channels, 9, 10], [channels, 1, 1], [9, 1], [], [1, 1, 1, 10]] {
                try check(op, channels: channels, others: [other])
                if op.inputCount.upperBound > 2 { try check(op, channels: channels, others: [other, [10]]) }
            }
        }
    }

    @Test("kernels agree with the reference on zeros, infinities, large and small numbers")
    func extremes() throws {
        let values: [Double] = [
            0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, 1e30, -1e30, 1e-30, -1e-30, 88, -88, 104, -104, 20, -20, 5, -5,
            .infinity, -.infinity, .nan,
        ]
        for op in Self.functions {
            let x = try Tensor.reals(values, shape: [1, 1, 1, values.count])
            let graph = try boundLayer(op, [x])
            let kernel = try run(graph, OneDNNBackend(), [x])[0].reals()
            let reference = try run(graph, ReferenceBackend(), [x])[0].reals()
            // Where oneDNN has bounds, what is not a number is brought to one of them.
            let hasBounds = op is Relu || op is Relu6 || op is Clip || op is HardSigmoid
            for (value, (a, b)) in zip(values, zip(kernel, reference)) where !(value.isNaN && hasBounds) {
                let isSame = a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-5 * max(1, abs(b))
                #expect(isSame, "\(op.name) \(op.configuration.flow) of \(value): kernel \(a), reference \(b)")
            }
        }
    }

    /// Runs a convolution and the operator over its output and other inputs, and compares the result with that of the operator
    /// alone over parts of the same values.
    private func check(_ op: any Operator, channels: Int, others: [Shape]) throws {
        var generator = SeededGenerator(seed: 5)
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 2, 9, 10])))
        var conv = Conv()
        (conv.channels, conv.kernel, conv.padding) = (channels, 3, .same)
        let map = try graph.addNode("conv", conv, inputs: [x])
        let rest = try others.enumerated().map { try graph.addInput("other\($0)", shape: SymbolicShape($1)) }
        try graph.addOutput("y", graph.addNode("op", op, inputs: [map] + rest))
        try graph.addOutput("map", map)
        let bound = try BoundGraph(graph, inputs: [:]) { _, specification in
            try .random(specification, using: &generator)
        }
        let inputs =
            try [Tensor.random([1, 2, 9, 10], using: &generator)]
            + others.map { try Tensor.random($0, using: &generator) }
        let outputs = try run(bound, OneDNNBackend(), inputs)
        let shapes = [outputs[1].shape] + others
        for region in Region(whole: outputs[0].shape).parts([2, 3]) {
            let tile = try op.tile(region, ofOutput: 0, inputs: shapes)
            let pieces = try zip([outputs[1]] + inputs.dropFirst(), tile.inputs).compactMap { tensor, region in
                try region.map(tensor.cropped)
            }
            var part = Graph()
            let values = try pieces.enumerated().map { try part.addInput("x\($0)", shape: SymbolicShape($1.shape)) }
            try part.addOutput("y", part.addNode("op", tile.op, inputs: values))
            let network = try BoundGraph(part, inputs: [:]) { _, specification in
                bound.parameters[1][specification.name]
            }
            let result = try run(network, OneDNNBackend(), pieces)[0]
            let expected = try outputs[0].cropped(to: region)
            #expect((result == expected) as Bool, "\(op.name) \(op.configuration.flow) over \(shapes) at \(region)")
        }
        let reference = try run(bound, ReferenceBackend(), inputs)
        let scale = reference[0].reals().reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
        for (a, b) in zip(outputs[0].reals(), reference[0].reals()) where a != b && !(a.isNaN && b.isNaN) {
            // Reciprocals and quotients magnify what the convolution rounds.
            let isNearZero = op is Reciprocal || op is Divide || op is Log || op is Sqrt || op is Round
            #expect(isNearZero || abs(a - b) <= 1e-5 * scale, "\(op.name) over \(shapes): \(a), expected \(b)")
        }
    }

    private func run(_ graph: BoundGraph, _ backend: any KernelBackend, _ inputs: [Tensor]) throws -> [Tensor] {
        try backend.compile(graph, options: CompileOptions(threads: 1)).run(inputs)
    }
}
