import Tessera
import TesseraTestSupport
import Testing

/// Layers between quantizations run on bytes, and mean what their references mean.
@Suite struct IntegerTests {
    /// A layer of 8-bit weights over a quantized input, what follows, and a quantization at the end.
    private struct Sketch {
        var graph = Graph()
        var weights: [String: Tensor] = [:]

        mutating func quantized(_ value: Graph.ValueID, _ name: String, _ scale: QuantizationScale) throws
            -> Graph.ValueID
        {
            let integers = try graph.addNode("\(name).q", Quantize(scale), inputs: [value])
            return try graph.addNode("\(name).dq", Dequantize(scale), inputs: [integers])
        }

        mutating func conv(
            _ name: String, _ input: Graph.ValueID, _ op: Conv, inputs: Int, weights range: ClosedRange<Int64>,
            using generator: inout SeededGenerator
        ) throws -> Graph.ValueID {
            var op = op
            op.weightBits = 8
            let shape = Shape([op.channels, inputs / op.groups] + [Int](repeating: op.kernel.values[0], count: 2))
            let integers = (0..<shape.elementCount).map { _ in Int64.random(in: range, using: &generator) }
            weights["\(name).weight"] = try Tensor(integers: integers, shape: shape, elementType: .i8)
            let count = op.channels
            weights["\(name).weight_scale"] = try Tensor(
                (0..<count).map { _ in Float.random(in: 0.001...0.004, using: &generator) }, shape: [count])
            weights["\(name).bias"] = try Tensor(
                (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }, shape: [count])
            return try graph.addNode(name, op, inputs: [input])
        }

        func bound() throws -> BoundGraph {
            try BoundGraph(graph, inputs: [:]) { node, specification in
                guard let tensor = weights["\(node.name).\(specification.name)"] else {
                    throw TesseraError(.notFound, specification.name)
                }
                return tensor
            }
        }
    }

    private static func conv(
        _ channels: Int, kernel: Int = 3, stride: Int = 1, padding: Int = 1, groups: Int = 1, dilation: Int = 1
    ) -> Conv {
        var op = Conv()
        (op.channels, op.kernel, op.stride) = (channels, PerAxis([kernel]), PerAxis([stride]))
        (op.padding, op.groups, op.dilation) = (.explicit([padding]), groups, PerAxis([dilation]))
        return op
    }

    private static let shapes: [(inputs: Int, op: Conv)] = [
        (16, conv(32)), (3, conv(16, kernel: 7, stride: 2, padding: 3)), (32, conv(8, kernel: 1, padding: 0)),
        (24, conv(24, groups: 24)), (17, conv(10)), (16, conv(16, padding: 2, dilation: 2)),
        (32, conv(32, groups: 4)), (64, conv(96, kernel: 1, stride: 2, padding: 0)),
    ]
    private static let functions: [(any Operator)?] = [nil, Relu(), Relu6(), HardSwish(), LeakyRelu(), Swish()]
    private static let positive = QuantizationScale(scale: 0.01)
    private static let signed = QuantizationScale(scale: 0.008, zeroPoint: 120)

    private func compare(
        _ sketch: Sketch, step: Float, seed: UInt64, _ what: String, isExpectedOnIntegers: Bool = true,
        mayDiffer: Double = 0.001
    ) throws {
        let graph = try sketch.bound()
        var generator = SeededGenerator(seed: seed)
        let inputs = try graph.randomInputs(using: &generator)
        let expected = try Session(graph, backend: ReferenceBackend()).run(inputs)
        let session = try Session(graph, backend: OneDNNBackend())
        let found = try session.run(inputs)
        let isOnIntegers = session.kernels.contains { $0.layer == "conv" && $0.merged.contains("y.q") }
        #expect(isOnIntegers == isExpectedOnIntegers, "\(what): \(session.kernels)")
        for (name, tensor) in expected {
            let (a, b) = (try tensor.floats(), try #require(found[name]).floats())
            let differences = zip(a, b).map { abs($0 - $1) }
            // What lies halfway between two integers may be rounded either way by a kernel that multiplies in another order.
            #expect(differences.allSatisfy { $0 <= step * 1.001 }, "\(what), \(name), seed \(seed)")
            let count = differences.count { $0 > step * 0.5 }
            #expect(Double(count) <= mayDiffer * Double(a.count) + 1, "\(what): \(count) of \(a.count), seed \(seed)")
        }
        for threads in [1, 2] {
            let again = try Session(graph, backend: OneDNNBackend(), options: CompileOptions(threads: threads))
            #expect(try again.run(inputs) == found, "\(what): \(threads) threads")
        }
    }

    @Test("convolutions with what follows them, with zero points and without", arguments: 0..<functions.count)
    func convolutions(function: Int) throws {
        for (index, (channels, op)) in Self.shapes.enumerated() {
            for (source, target) in [(Self.positive, Self.positive), (Self.signed, Self.signed)] {
                let seed = UInt64(100 * function + index)
                var generator = SeededGenerator(seed: seed)
                var sketch = Sketch()
                let x = try sketch.graph.addInput("x", shape: SymbolicShape([1, channels, 13, 11]))
                let read = try sketch.quantized(x, "x", source)
                var value = try sketch.conv(
                    "conv", read, op, inputs: channels, weights: -63...63, using: &generator)
                if let function = Self.functions[function] {
                    value = try sketch.graph.addNode("function", function, inputs: [value])
                }
                let y = try sketch.quantized(value, "y", target)
                try sketch.graph.addOutput("y", y)
                try compare(
                    sketch, step: target.scale, seed: seed,
                    "\(channels) to \(op.channels), kernel \(op.kernel), \(Self.functions[function]?.name ?? "nothing")"
                )
            }
        }
    }

    @Test("a residual is added as bytes, read again or not", arguments: [false, true], [positive, signed])
    func residuals(isReadAgain: Bool, scale: QuantizationScale) throws {
        var generator = SeededGenerator(seed: 5)
        var sketch = Sketch()
        let x = try sketch.graph.addInput("x", shape: SymbolicShape([1, 16, 9, 7]))
        let read = try sketch.quantized(x, "x", scale)
        let conv = try sketch.conv("conv", read, Self.conv(16), inputs: 16, weights: -63...63, using: &generator)
        let sum = try sketch.graph.addNode("sum", Add(), inputs: [read, conv])
        let active = try sketch.graph.addNode("active", Relu(), inputs: [sum])
        let y = try sketch.quantized(active, "y", QuantizationScale(scale: 0.02))
        try sketch.graph.addOutput("y", y)
        if isReadAgain {
            try sketch.graph.addOutput("z", sketch.graph.addNode("again", Relu(), inputs: [read]))
        }
        try compare(sketch, step: 0.02, seed: 6, "residual")
    }

    @Test("fewer bits than the type has saturate earlier")
    func fewBits() throws {
        var generator = SeededGenerator(seed: 7)
        var sketch = Sketch()
        let x = try sketch.graph.addInput("x", shape: SymbolicShape([1, 16, 9, 7]))
        let few = QuantizationScale(scale: 0.06, zeroPoint: 3, bits: 4)
        let read = try sketch.quantized(x, "x", few)
        let conv = try sketch.conv("conv", read, Self.conv(16), inputs: 16, weights: -63...63, using: &generator)
        let active = try sketch.graph.addNode("active", Relu(), inputs: [conv])
        try sketch.graph.addOutput("y", sketch.quantized(active, "y", few))
        // Twice 255 times 63 fits in 16 bits: whether fewer bytes come is not known in a tile that begins here.
        try compare(sketch, step: 0.06, seed: 8, "4 bits")
        let graph = try sketch.bound()
        let inputs = try graph.randomInputs(using: &generator)
        let found = try #require(try Session(graph, backend: OneDNNBackend()).run(inputs)["y"]).floats()
        #expect(found.max() ?? 0 <= few.numbers.upperBound)
    }

    @Test(
        "the largest bytes times the largest weights are added up right, whatever the weights' bits",
        arguments: [63, 64, 65, 127])
    func nothingSaturatesOnTheWay(weight: Int64) throws {
        for type in [ElementType.u8, .i8] {
            var generator = SeededGenerator(seed: 9)
            var sketch = Sketch()
            let x = try sketch.graph.addInput("x", shape: SymbolicShape([1, 32, 6, 6]))
            let read = try sketch.quantized(x, "x", QuantizationScale(scale: 1, type: type))
            let conv = try sketch.conv(
                "conv", read, Self.conv(16), inputs: 32, weights: weight...weight, using: &generator)
            sketch.weights["conv.weight_scale"] = try Tensor([Float](repeating: 0.0001, count: 16), shape: [16])
            sketch.weights["conv.bias"] = try Tensor([Float](repeating: 0, count: 16), shape: [16])
            try sketch.graph.addOutput("y", sketch.quantized(conv, "y", QuantizationScale(scale: 4)))
            let graph = try sketch.bound()
            let inputs = ["x": try Tensor([Float](repeating: 255, count: 32 * 36), shape: [1, 32, 6, 6])]
            let largest: Float = type == .u8 ? 255 : 127
            let found = try #require(try Session(graph, backend: OneDNNBackend()).run(inputs)["y"]).floats()
            // In the middle all nine pixels count.
            let sum = largest * Float(weight) * 9 * 32 * 0.0001
            let expected = min((sum / 4).rounded(.toNearestOrEven), 255) * 4
            #expect(found[7] == expected, "\(type), \(weight)")
            #expect(try Session(graph, backend: ReferenceBackend()).run(inputs)["y"]?.floats() == found)
        }
    }

    @Test("sums of bytes, and layers that move them")
    func movesAndSums() throws {
        var generator = SeededGenerator(seed: 10)
        var sketch = Sketch()
        let x = try sketch.graph.addInput("x", shape: SymbolicShape([1, 16, 12, 12]))
        let scale = Self.signed
        let read = try sketch.quantized(x, "x", scale)
        var pool = MaxPool()
        (pool.kernel, pool.stride, pool.padding) = (3, 2, .explicit([1]))
        let pooled = try sketch.quantized(sketch.graph.addNode("pool", pool, inputs: [read]), "pool", scale)
        var slice = Slice()
        (slice.axes, slice.steps) = ([2, 3], [2, 2])
        let sliced = try sketch.quantized(sketch.graph.addNode("slice", slice, inputs: [read]), "slice", scale)
        let both = try sketch.quantized(
            sketch.graph.addNode("sum", Add(), inputs: [pooled, sliced]), "sum",
            QuantizationScale(scale: 0.02, zeroPoint: 130))
        let joined = try sketch.quantized(
            sketch.graph.addNode("joined", Concat(), inputs: [pooled, sliced]), "joined", scale)
        var pad = Pad()
        (pad.axes, pad.before, pad.after) = ([1], [4], [4])
        let padded = try sketch.quantized(sketch.graph.addNode("pad", pad, inputs: [joined]), "pad", scale)
        let conv = try sketch.conv("conv", padded, Self.conv(8), inputs: 40, weights: -63...63, using: &generator)
        try sketch.graph.addOutput("y", sketch.quantized(conv, "y", QuantizationScale(scale: 0.02, zeroPoint: 128)))
        try sketch.graph.addOutput("z", both)
        let kernels = try Session(sketch.bound(), backend: OneDNNBackend()).kernels
        for name in ["pool", "slice", "joined", "pad"] {
            #expect(kernels.contains { $0.layer == name && $0.merged == ["\(name).q"] }, "\(name): \(kernels)")
        }
        try compare(sketch, step: 0.02, seed: 11, "moves")
    }

    @Test("a linear layer on bytes")
    func linear() throws {
        var generator = SeededGenerator(seed: 12)
        var sketch = Sketch()
        let x = try sketch.graph.addInput("x", shape: SymbolicShape([3, 40]))
        let read = try sketch.quantized(x, "x", Self.signed)
        var op = Linear()
        (op.features, op.weightBits) = (10, 8)
        let integers = (0..<400).map { _ in Int64.random(in: -63...63, using: &generator) }
        sketch.weights["conv.weight"] = try Tensor(integers: integers, shape: [10, 40], elementType: .i8)
        sketch.weights["conv.weight_scale"] = try Tensor([Float](repeating: 0.002, count: 10), shape: [10])
        sketch.weights["conv.bias"] = try Tensor([Float](repeating: 0.3, count: 10), shape: [10])
        let y = try sketch.graph.addNode("conv", op, inputs: [read])
        try sketch.graph.addOutput("y", sketch.quantized(y, "y", Self.signed))
        try compare(sketch, step: 0.008, seed: 13, "linear")
    }

    @Test("any cut of a quantized network into tiles equals the whole to the bit")
    func tiles() throws {
        for seed in propertySeeds(40) {
            var generator = SeededGenerator(seed: seed)
            var sketch = Sketch()
            let x = try sketch.graph.addInput("x", shape: SymbolicShape([1, 8, 17, 14]))
            var value = try sketch.quantized(x, "x", Self.signed)
            for index in 0..<4 {
                let channels = 8
                let op = Self.conv(channels, kernel: index % 2 == 0 ? 3 : 1, padding: index % 2 == 0 ? 1 : 0)
                let conv = try sketch.conv(
                    "conv\(index)", value, op, inputs: channels, weights: -63...63, using: &generator)
                let sum = index > 1 ? try sketch.graph.addNode("sum\(index)", Add(), inputs: [value, conv]) : conv
                let active = try sketch.graph.addNode("relu\(index)", Relu(), inputs: [sum])
                value = try sketch.quantized(
                    active, "y\(index)", QuantizationScale(scale: 0.01 * Float(index + 1), zeroPoint: index))
            }
            try sketch.graph.addOutput("y", value)
            let graph = try sketch.bound()
            guard let plan = try Plan.random(graph, using: &generator) else { continue }
            let inputs = try graph.randomInputs(using: &generator)
            let options = CompileOptions(threads: Int.random(in: 1...2, using: &generator))
            let whole = try Session(graph, backend: OneDNNBackend(), options: options).run(inputs)
            #expect(
                try plan.run(inputs, backend: OneDNNBackend(), options: options) == whole,
                "TESSERA_SEED=\(seed): \(plan)")
        }
    }
}
