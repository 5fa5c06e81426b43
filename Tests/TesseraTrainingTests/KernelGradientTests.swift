import Tessera
import TesseraTestSupport
import Testing

/// Layers one after the other, for comparing what two backends make of them.
private struct Layers {
    var graph = Graph()
    var last: Graph.ValueID = 0
    var count = 0

    init(_ shape: Shape) throws { last = try graph.addInput("x", shape: SymbolicShape(shape)) }

    @discardableResult
    mutating func add(_ op: any Operator, _ others: [Graph.ValueID] = []) throws -> Graph.ValueID {
        count += 1
        last = try graph.addNode("\(op.name)\(count)", op, inputs: [last] + others)
        return last
    }

    mutating func bound(seed: UInt64) throws -> BoundGraph {
        try graph.addOutput("y", last)
        var generator = SeededGenerator(seed: seed)
        return try BoundGraph(graph, inputs: [:]) { _, specification in
            try .random(specification, using: &generator)
        }
    }
}

@Suite struct KernelGradientTests {
    static func conv(
        _ channels: Int, _ kernel: PerAxis = 3, stride: PerAxis = 1, padding: Padding = .explicit([1]),
        dilation: PerAxis = 1, groups: Int = 1, bias: Bool = true
    ) -> Conv {
        var op = Conv()
        (op.channels, op.kernel, op.stride, op.padding) = (channels, kernel, stride, padding)
        (op.dilation, op.groups, op.bias) = (dilation, groups, bias)
        return op
    }

    static func linear(_ features: Int) -> Linear {
        var op = Linear()
        op.features = features
        return op
    }

    static func maxPool(_ kernel: PerAxis, stride: PerAxis, padding: Int = 0) -> MaxPool {
        var op = MaxPool()
        (op.kernel, op.stride, op.padding) = (kernel, stride, .explicit([padding]))
        return op
    }

    static func averagePool(_ kernel: PerAxis, padding: Int = 0, includesPadding: Bool = true) -> AveragePool {
        var op = AveragePool()
        (op.kernel, op.padding, op.countIncludePad) = (kernel, .explicit([padding]), includesPadding)
        return op
    }

    /// Gradients of all weights and the outputs by both backends; the first layer's weights depend on the gradients of all later
    /// layers' inputs.
    private func compare(_ name: String, _ graph: BoundGraph, tolerance: Double = 1e-3, precision: Precision = .f32)
        throws
    {
        var generator = SeededGenerator(seed: 7)
        let input = try Tensor.random(graph.shapes[0], using: &generator)
        let weights = try Tensor.random(graph.shapes[graph.graph.outputs[0].value], using: &generator)
        let options = TrainingOptions(threads: 2, precision: precision)
        let reference = try ReferenceTrainingBackend().compileForTraining(graph, options: options)
        let kernels = try OneDNNBackend().compileForTraining(graph, options: options)
        for run in 0..<2 {
            let expected = try reference.forward([input], isTraining: true)[0]
            let found = try kernels.forward([input], isTraining: true)[0]
            try expectClose(found, expected, tolerance, "\(name): outputs in run \(run)")
            try reference.backward([weights])
            try kernels.backward([weights])
            for entry in reference.parameters.entries {
                guard let other = kernels.parameters.entry(entry.name) else {
                    throw TesseraError(.notFound, entry.name)
                }
                if entry.isTrainable {
                    try expectClose(
                        kernels.parameters.gradient(other), reference.parameters.gradient(entry), tolerance,
                        "\(name): gradient of \(entry.name) in run \(run)")
                } else {
                    try expectClose(
                        kernels.parameters.tensor(other), reference.parameters.tensor(entry), tolerance,
                        "\(name): \(entry.name) after run \(run)")
                }
            }
        }
        try expectClose(
            kernels.forward([input], isTraining: false)[0], reference.forward([input], isTraining: false)[0], tolerance,
            "\(name): outputs in evaluation")
    }

    private func expectClose(_ found: Tensor, _ expected: Tensor, _ tolerance: Double, _ what: String) throws {
        let (a, b) = (found.reals(), expected.reals())
        #expect(a.count == b.count, "\(what)")
        let scale = b.reduce(1e-3) { max($0, abs($1)) }
        let worst = zip(a, b).reduce(0.0) { max($0, ($1.0 - $1.1).isNaN ? .infinity : abs($1.0 - $1.1)) }
        #expect(worst <= tolerance * scale, "\(what) differ by \(worst / scale)")
    }

    @Test("kernels give the gradients of convolutions: strides, groups, dilation, padding, odd channels, no bias")
    func convolutions() throws {
        let layers: [Conv] = [
            Self.conv(16), Self.conv(8, 1, padding: .explicit([0])), Self.conv(24, 3, stride: 2, groups: 4),
            Self.conv(16, 3, groups: 16), Self.conv(16, 3, padding: .explicit([2]), dilation: 2),
            Self.conv(5, [3, 1], padding: .explicit([1, 0])),
            Self.conv(16, 5, stride: 2, padding: .explicit([0, 1, 3, 2]), bias: false), Self.conv(1),
            Self.conv(4, 3, padding: .explicit([-1, 0, 2, -1])),
        ]
        for layer in layers {
            // Kernels read fewer channels than fill a block in another order.
            for channels in layer.groups == 1 ? [16, 7] : [16] {
                var layers = try Layers([2, 3, 11, 9])
                try layers.add(Self.conv(channels))
                try layers.add(layer)
                try compare("\(layer.configuration.flow)", layers.bound(seed: 1))
            }
        }
    }

    @Test("kernels give the gradients of batch normalizations, activations and poolings")
    func others() throws {
        var leaky = LeakyRelu()
        leaky.slope = 0.2
        let tails: [[any Operator]] = [
            [BatchNorm()], [BatchNorm(), Relu()], [Relu()], [leaky], [Tanh(), Sigmoid()], [Swish()], [Gelu()],
            [Relu6()], [Elu()],
            [Self.maxPool(2, stride: 2)], [Self.maxPool(3, stride: 2, padding: 1)], [Self.averagePool(2)],
            [Self.averagePool(3, padding: 1)], [Self.averagePool(3, padding: 1, includesPadding: false)],
            [GlobalAveragePool(), Flatten(), Self.linear(10)], [GlobalMaxPool()],
            [Flatten(), Self.linear(7), Relu(), Self.linear(3)],
            [Slice(axes: [2, 3], steps: [2, 2])], [Slice(axes: [1], starts: [4], ends: [9])],
            [Pad(axes: [1], before: [8], after: [8])], [Pad(axes: [1, 3], before: [3, 1], after: [2, 0])],
            [Softmax()], [Transpose(order: [0, 2, 3, 1]), LayerNorm()], [DepthToSpace(block: 2)],
        ]
        for tail in tails {
            var layers = try Layers([2, 3, 9, 10])
            // A bias before a batch normalization has no influence, so its gradient is a rounding error.
            try layers.add(Self.conv(16, bias: !(tail[0] is BatchNorm)))
            for op in tail { try layers.add(op) }
            try compare(tail.map(\.name).joined(separator: ", "), layers.bound(seed: 2), tolerance: 2e-3)
        }
    }

    @Test(
        "gradients of a value that several layers read add up: residual blocks, option-A shortcuts, concatenations, differences"
    )
    func branches() throws {
        var layers = try Layers([2, 3, 8, 8])
        try layers.add(Self.conv(16, bias: false))
        try layers.add(BatchNorm())
        let start = try layers.add(Relu())
        try layers.add(Self.conv(32, 3, stride: 2, bias: false))
        let main = try layers.add(BatchNorm())
        layers.last = start
        try layers.add(Slice(axes: [2, 3], steps: [2, 2]))
        try layers.add(Pad(axes: [1], before: [8], after: [8]))
        try layers.add(Add(), [main])
        let block = try layers.add(Relu())
        let other = try layers.add(Self.conv(32))
        layers.last = block
        try layers.add(Add(), [other])
        let sum = layers.last
        try layers.add(Concat(), [block, other])
        let joined = layers.last
        layers.last = sum
        try layers.add(Self.conv(96, 1, padding: .explicit([0])))
        try layers.add(Subtract(), [joined])
        try layers.add(Multiply(), [joined])
        try compare("branches", layers.bound(seed: 3))
    }

    @Test("bf16 rounds what layers make, and keeps weights as they are")
    func bfloat16() throws {
        func graph(_ function: any Operator) throws -> BoundGraph {
            var layers = try Layers([2, 3, 8, 8])
            try layers.add(Self.conv(16, bias: false))
            try layers.add(BatchNorm())
            try layers.add(function)
            try layers.add(Self.conv(8))
            try layers.add(Flatten())
            try layers.add(Self.linear(4))
            return try layers.bound(seed: 4)
        }
        try compare("bf16, smooth", graph(Sigmoid()), tolerance: 3e-2, precision: .bf16)
        // What is near 0 may be rounded to either side of it, which takes or leaves the whole gradient of an element.
        try compare("bf16", graph(Relu()), tolerance: 0.2, precision: .bf16)
        let graph = try graph(Relu())
        let network = try OneDNNBackend().compileForTraining(
            graph, options: TrainingOptions(threads: 2, precision: .bf16))
        var generator = SeededGenerator(seed: 7)
        let output = try network.forward([Tensor.random([2, 3, 8, 8], using: &generator)], isTraining: true)[0]
        #expect(try output.rounded(to: .bf16) == output)
        #expect(
            try network.parameters.tensor(network.parameters.entries[0])
                == graph.parameters[0][network.parameters.entries[0].parameter])
    }

    @Test("a layer without a gradient is named, unless nothing before it is trained")
    func unsupported() throws {
        var layers = try Layers([2, 3, 4, 4])
        try layers.add(Self.conv(4))
        try layers.add(Round())
        let graph = try layers.bound(seed: 1)
        for backend in [ReferenceTrainingBackend() as any TrainingBackend, OneDNNBackend()] {
            let error = #expect(throws: TesseraError.self) {
                try backend.compileForTraining(graph, options: TrainingOptions())
            }
            #expect(error?.code == .notSupported && String(describing: error).contains("'round'"))
        }
        var before = try Layers([2, 3, 4, 4])
        try before.add(Round())
        try before.add(Self.conv(4))
        _ = try OneDNNBackend().compileForTraining(before.bound(seed: 1), options: TrainingOptions())
    }

    @Test("rounding for integers, whatever the layout and the number of elements")
    func rounding() throws {
        for (name, learned) in [
            ("step", FakeQuantize.Learned.step(gradientScale: 0.01)), ("limit", .limit(decay: 0.1)),
            ("nothing", .nothing(step: 0.4)),
        ] {
            for (channels, size, isSigned) in [(16, 9, true), (5, 33, false), (3, 4, true)] {
                var layers = try Layers([2, 3, size, size])
                try layers.add(Self.conv(channels))
                try layers.add(FakeQuantize(bits: 3, isSigned: isSigned, learned: learned))
                try layers.add(Self.conv(channels))
                try compare("\(name) \(channels) \(size)", layers.bound(seed: 12))
            }
        }
    }

    @Test(
        "what a rounding learns is the same to the bit with any number of threads, for a number of elements that fills no vector"
    )
    func roundingThreads() throws {
        var layers = try Layers([1, 3, 83, 101])
        try layers.add(Self.conv(3))
        try layers.add(FakeQuantize(bits: 2, isSigned: true, learned: .step(gradientScale: 0.01)))
        let graph = try layers.bound(seed: 13)
        var generator = SeededGenerator(seed: 14)
        let input = try Tensor.random(graph.shapes[0], using: &generator)
        let weights = try Tensor.random(graph.shapes[graph.graph.outputs[0].value], using: &generator)
        let found = try [1, 2, 3].map { threads in
            let kernels = try OneDNNBackend().compileForTraining(graph, options: TrainingOptions(threads: threads))
            _ = try kernels.forward([input], isTraining: true)
            try kernels.backward([weights])
            let entry = try #require(kernels.parameters.entry("fake_quantize2.step"))
            return try kernels.parameters.gradient(entry).floats()[0]
        }
        #expect(found[0] != 0 && Set(found).count == 1, "\(found)")
    }
}
