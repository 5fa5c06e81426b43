import Tessera
import TesseraTestSupport
import Testing

/// What kernels make in bfloat16 and binary16 is what the readable meaning of these precisions says, but for the rounding of
/// sums: kernels round once where several layers run as one, and add in another order.
@Suite struct PrecisionAgreementTests {
    @Test(
        "random networks agree with the reference in the same precision",
        arguments: [(Precision.bf16, 0.06 as Float), (.f16, 0.008)])
    func agrees(_ precision: Precision, tolerance: Float) throws {
        for seed in propertySeeds(60) {
            var generator = SeededGenerator(seed: seed)
            let graph = try RandomNetwork.make(layers: 2...6, largestValue: 3000, using: &generator)
            do {
                let inputs = try graph.randomInputs(using: &generator)
                // Some layers keep f32, so that values pass from one precision to another.
                let names = graph.graph.nodes.map(\.name)
                let kept = names.filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }
                let choice = PrecisionChoice(
                    precision, layers: Dictionary(uniqueKeysWithValues: kept.map { ($0, .f32) }))
                let options = CompileOptions(threads: 2, precision: choice)
                let expected = try Session(graph, backend: ReferenceBackend(), options: options).run(inputs)
                let found = try Session(graph, backend: OneDNNBackend(), options: options).run(inputs)
                for (name, tensor) in expected where tensor.elementType == .f32 {
                    let difference = try relativeDifference(found[name], tensor)
                    if !(difference < tolerance) {
                        Issue.record("TESSERA_SEED=\(seed): '\(name)' differs by \(difference)\n\(graph.listing)")
                    }
                }
            } catch {
                Issue.record("TESSERA_SEED=\(seed): \(error)\n\(graph.listing)")
            }
        }
    }

    /// Layers that random networks do not have, or not with numbers that show how they round.
    private static let layers = [
        "lstm: {name: y, from: x, hidden: 6, direction: bidirectional}", "gru: {name: y, from: x, hidden: 5}",
        "rnn: {name: y, from: x, hidden: 7}", "linear: {name: y, from: x, features: 9}", "selu: {name: y, from: x}",
        "hard_sigmoid: {name: y, from: x}", "softmax: {name: y, from: x}", "layer_norm: {name: y, from: x}",
        "multiply: {name: y, from: [x, factor]}", "add: {name: y, from: [x, x, x]}",
        "reduce: {name: y, from: x, function: sum, keep_axes: false}",
    ]

    @Test("layers of other kinds agree with the reference to a few units of the last place", arguments: layers)
    func layer(_ layer: String) throws {
        let text =
            "{tessera: 1, inputs: {x: {shape: [4, 1, 8]}}, weights: {random: 2}, outputs: [y], layers: "
            + "[{constant: {name: factor, shape: [], values: [0.1]}}, {\(layer)}]}"
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        var generator = SeededGenerator(seed: 8)
        let inputs = ["x": try Tensor.random([4, 1, 8], using: &generator)]
        for (precision, tolerance) in [(Precision.bf16, 0.02 as Float), (.f16, 0.003)] {
            let options = CompileOptions(precision: PrecisionChoice(precision))
            let expected = try network.session(backend: ReferenceBackend(), options: options).run(inputs)
            let found = try network.session(backend: OneDNNBackend(), options: options).run(inputs)
            for (name, tensor) in expected {
                #expect(try relativeDifference(found[name], tensor) <= tolerance, "\(layer) in \(precision)")
                #expect(try tensor.rounded(to: precision) == tensor, "the reference gives numbers of \(precision)")
                #expect(try found[name]?.rounded(to: precision) == found[name], "so do kernels")
            }
        }
    }

    @Test("what follows from a batch normalization's parameters is not rounded again")
    func derivedParameters() throws {
        let text = """
            {tessera: 1, inputs: {x: {shape: [1, 1, 1, 2]}}, outputs: [y],
             layers: [{batch_norm: {name: y, epsilon: 0}}]}
            """
        // (x - 129) · 3 / 2: the summand -193.5 takes nine binary digits, one more than bfloat16 has.
        let weights = try [
            "y.weight": Tensor([3], shape: [1]), "y.bias": Tensor([0], shape: [1]),
            "y.running_mean": Tensor([129], shape: [1]), "y.running_var": Tensor([4], shape: [1]),
        ]
        let network = try NetworkLoader(operators: .builtin).load(
            text: text, file: "n.yaml", weights: .tensors(weights))
        let x = try Tensor([129, 130], shape: [1, 1, 1, 2])
        let options = CompileOptions(precision: PrecisionChoice(.bf16))
        let outputs = try network.session(backend: OneDNNBackend(), options: options).run(["x": x])
        #expect(try outputs["y"]?.floats() == [0, 1.5])
    }

    @Test("binary16 is rounded to the nearest, ties to even, and is infinite from 65520 on")
    func rounding() throws {
        let values: [Float] = [1, 1.00048828125, 1.0014648, 65504, 65519.99, 65520, -70000, 5.9604645e-8, 2.9e-8, 0.1]
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 10, 1, 1])))
        try graph.addOutput("y", graph.addNode("same", Absolute(), inputs: [x]))
        let bound = try BoundGraph(graph, inputs: [:]) { _, _ in nil }
        let options = CompileOptions(precision: PrecisionChoice(.f16))
        let outputs = try Session(bound, backend: OneDNNBackend(), options: options).run([
            "x": Tensor(values, shape: [1, 10, 1, 1])
        ])
        #expect(try outputs["y"]?.floats() == values.map { abs(Float(Float16($0))) })
    }

    @Test("a variance above 65504 makes a network wrong in f16 as it is written, and right folded (METHODS.md C2)")
    func largeVariance() throws {
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 1, 2, 2]}}
            layers:
              - conv: {name: conv, channels: 1, kernel: 1, bias: false}
              - batch_norm: {name: bn, epsilon: 0}
            outputs: [bn]
            """
        let weights = try [
            "conv.weight": Tensor([300], shape: [1, 1, 1, 1]), "bn.weight": Tensor([2], shape: [1]),
            "bn.bias": Tensor([1], shape: [1]), "bn.running_mean": Tensor([0], shape: [1]),
            "bn.running_var": Tensor([90_000], shape: [1]),
        ]
        let network = try NetworkLoader(operators: .builtin).load(
            text: text, file: "n.yaml", weights: .tensors(weights))
        let options = CompileOptions(precision: PrecisionChoice(.f16))
        let x = try Tensor([0, 1, 2, -3], shape: [1, 1, 2, 2])
        // 300 x / 300 · 2 + 1 folded; the variance becomes infinite as written, and what is left is the bias.
        for (fold, expected) in [(true, [1, 3, 5, -5]), (false, [1, 1, 1, 1] as [Float])] {
            for backend in [OneDNNBackend(), ReferenceBackend()] as [any KernelBackend] {
                let outputs = try network.session(backend: backend, options: options, fold: fold).run(["x": x])
                #expect(try outputs["bn"]?.floats() == expected, "\(backend.name), fold: \(fold)")
            }
        }
    }
}
