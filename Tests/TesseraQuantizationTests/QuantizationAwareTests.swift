import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct QuantizationAwareTests {
    private static let text = """
        tessera: 1
        name: toy
        inputs: {x: {shape: [batch, 3, 12, 12]}}
        weights: {random: 3}
        layers:
          - conv: {name: stem, channels: 8, kernel: 3, padding: same, bias: false}
          - batch_norm: {name: bn1}
          - relu: {name: start}
          - conv: {name: first, channels: 8, kernel: 3, padding: same, bias: false}
          - batch_norm: {name: bn2}
          - relu
          - conv: {name: second, channels: 8, kernel: 3, padding: same}
          - batch_norm: {name: bn3}
          - add: {from: [bn3, start]}
          - relu
          - max_pool: {name: pool, kernel: 2, stride: 2}
          - conv: {name: depthwise, channels: 8, groups: 8, kernel: 3, padding: same}
          - relu
          - global_average_pool
          - flatten
          - linear: {name: scores, features: 5}
        outputs: [scores]
        """

    private func network() throws -> Network {
        try NetworkLoader(operators: .builtin).load(text: Self.text, file: "n.yaml")
    }

    private func form(
        _ method: String = "lsq", bits: Int = 3, width: Int? = nil, edge: Int = 8, distillation: Double = 0,
        backend: any KernelBackend = OneDNNBackend()
    ) throws -> QuantizationAwareNetwork {
        var declaration = QuantizationDeclaration()
        (declaration.weightBits, declaration.activationBits, declaration.edgeBits) = (bits, bits, edge)
        if let width {
            declaration.auxiliary = AuxiliaryDeclaration()
            declaration.auxiliary?.width = width
            declaration.auxiliary?.loss.distillation = distillation
        }
        return try QuantizationAwareNetwork(
            network(), declaration, quantizer: Registry<any FakeQuantizer>.builtin.make(method),
            samples: [batch().input],
            seed: 1, backend: backend, threads: 1)
    }

    private func batch(_ seed: UInt64 = 7) throws -> TrainingBatch {
        var generator = SeededGenerator(seed: seed)
        return TrainingBatch(
            input: try .random([4, 3, 12, 12], using: &generator), target: .classes([0, 1, 2, 4]))
    }

    private func session(
        _ form: any TrainingForm, backend: any TrainingBackend = OneDNNBackend()
    ) throws -> TrainingSession {
        try TrainingSession(
            network(), inputs: ["x": [4, 3, 12, 12]], form: form, backend: backend, options: TrainingOptions(),
            loss: CrossEntropy(), optimizer: StochasticGradientDescent(momentum: 0.9))
    }

    @Test("what convolutions and linear layers read is rounded, the first and last for more bits, and nothing else is")
    func structure() throws {
        let rounded = try form(bits: 3).network.graph.nodes.compactMap { node in
            (node.op as? FakeQuantize).map { "\(node.name) \($0.bits) \($0.isSigned)" }
        }
        #expect(
            rounded == [
                "x.rounded 8 true", "start.rounded 3 false", "relu1.rounded 3 false", "pool.rounded 3 false",
                "flatten1.rounded 8 false",
            ], "\(rounded)")
        let inner = try form(bits: 3, edge: 32).network.graph.nodes.filter { $0.op is FakeQuantize }.map(\.name)
        #expect(inner == ["start.rounded", "relu1.rounded", "pool.rounded"])
    }

    @Test("without its own convolutions the auxiliary network is the quantized one", arguments: [1, 2, 3])
    func joined(width: Int) throws {
        let form = try form(width: width)
        let session = try session(form)
        for entry in session.parameters.entries where entry.layer.hasSuffix(".numbers") {
            try session.parameters.set(entry, Tensor(zeros: entry.shape))
        }
        let result = try session.gradients(of: batch())
        let parts = try #require(result.parts)
        #expect(parts.own == parts.auxiliary && parts.distillation == 0)
        #expect(result.loss == parts.own + parts.auxiliary)
        // The last convolution is of groups and reads one stream alone, so of it and of the one before only the first set is there.
        let sets = form.network.graph.nodes.filter { $0.name.hasSuffix(".numbers") }.map(\.name)
        #expect(sets.count == 2 * width + 2, "\(sets)")
    }

    @Test("the first of two sets is added, the other is another stream, and the next layer's kernels read both")
    func byHand() throws {
        let text = """
            tessera: 1
            name: pair
            inputs: {x: {shape: [batch, 1, 1, 1]}}
            weights: {random: 1}
            layers:
              - conv: {name: a, channels: 1, kernel: 1, bias: false}
              - conv: {name: b, channels: 1, kernel: 1, bias: false}
              - flatten
              - linear: {name: y, features: 2}
            outputs: [y]
            """
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        var declaration = QuantizationDeclaration()
        declaration.edgeBits = 32
        declaration.auxiliary = AuxiliaryDeclaration()
        declaration.auxiliary?.width = 2
        let input = try Tensor([3, 3], shape: [2, 1, 1, 1])
        // Only b is quantized; with a as an edge layer, it is not joined.
        let form = try QuantizationAwareNetwork(
            network, declaration, quantizer: LearnedStepSize(), samples: [input], seed: 1, backend: ReferenceBackend(),
            threads: 1)
        #expect(
            form.network.graph.nodes.filter { $0.name.hasSuffix(".numbers") }.map(\.name) == ["auxiliary1.b.numbers"])
        declaration.edgeBits = 8
        let wide = try QuantizationAwareNetwork(
            network, declaration, quantizer: LearnedStepSize(), samples: [input], seed: 1, backend: ReferenceBackend(),
            threads: 1)
        let session = try TrainingSession(
            network, inputs: ["x": [2, 1, 1, 1]], form: wide, backend: ReferenceTrainingBackend(),
            options: TrainingOptions(), loss: CrossEntropy(), optimizer: StochasticGradientDescent())
        let values: [String: [Float]] = [
            "a.weight": [2], "b.weight": [1], "y.weight": [1, -1], "y.bias": [0, 0], "a.weight_step": [1],
            "b.weight_step": [1], "y.weight_step": [1], "x.rounded.step": [1], "a.rounded.step": [1],
            "flatten1.rounded.step": [1], "auxiliary1.a.numbers.weight": [0.5], "auxiliary2.a.numbers.weight": [10],
            "auxiliary1.b.numbers.weight": [0.25, 0.125],
        ]
        for entry in session.parameters.entries {
            try session.parameters.set(
                entry, Tensor(try #require(values[entry.name], "\(entry.name)"), shape: entry.shape))
        }
        _ = try session.gradients(of: TrainingBatch(input: input, target: .classes([0, 1])))
        // Of the quantized network: 3 · 2 = 6, · 1 = 6. Of the auxiliary one: stream 1 is 6 + 1.5 = 7.5, stream 2 is 30; the sum of
        // rounded(7.5) = 8 and 0.25 · 7.5 + 0.125 · 30 = 5.625 is 13.625, which the last layer reads as 14.
        let outputs = session.trainable
        let found = try outputs.forward([input], isTraining: true)
        #expect(try found[0].floats() == [6, -6, 6, -6])
        #expect(try found[1].floats() == [14, -14, 14, -14])
    }

    @Test(
        "the network that is saved computes what was trained, has no auxiliary layers, and nothing changes without them",
        arguments: ["lsq", "dorefa", "pact"])
    func finished(method: String) throws {
        let form = try form(method, width: 2, distillation: 1)
        let session = try session(form)
        for seed in 0..<6 { _ = try session.step(batch(UInt64(seed)), rate: 0.02) }
        let saved = try session.trainedNetwork()
        #expect(!saved.graph.nodes.contains { $0.name.contains("auxiliary") || $0.op is BatchNorm })
        let kinds = saved.graph.nodes.compactMap { ($0.op as? any IntegerWeights)?.weightBits }
        #expect(kinds.count == 5 && kinds.allSatisfy { $0 > 0 }, "\(kinds)")
        let plain = try self.form(method).finished(session.parameters.tensors())
        let inputs = ["x": try batch(99).input]
        let shapes = inputs.mapValues(\.shape)
        for backend: any KernelBackend in [ReferenceBackend(), OneDNNBackend()] {
            func scores(_ network: Network) throws -> [Float] {
                let session = try network.session(inputs: shapes, backend: backend)
                return try #require(session.run(inputs)["scores"]).floats()
            }
            let found = try scores(saved)
            #expect(try scores(plain) == found)
            _ = try session.evaluate(batch(99))
            let trained = try session.output.floats()
            let largest = trained.map(\.magnitude).max() ?? 0
            // Rounding differs where a sum differs in its last bit, which is one step of one value at most.
            let difference = zip(trained, found).map { abs($0 - $1) }.max() ?? 0
            #expect(difference < 0.05 * largest, "\(difference) of \(largest)")
        }
    }

    @Test("kernels train as the readable operators do, with the auxiliary network and distillation")
    func backends() throws {
        var weights: [[String: Tensor]] = []
        for backend: any TrainingBackend in [OneDNNBackend(), ReferenceTrainingBackend()] {
            let session = try session(form(bits: 8, width: 2, distillation: 0.5), backend: backend)
            _ = try session.step(batch(), rate: 0.01)
            weights.append(try session.parameters.tensors())
        }
        for (name, tensor) in weights[0] {
            let other = try #require(weights[1][name]).floats()
            let difference = zip(try tensor.floats(), other).map { abs($0 - $1) }.max() ?? 0
            #expect(difference < 1e-3, "\(name): \(difference)")
        }
    }

    @Test("where no normalization follows, the auxiliary network begins with weights that are not rounded")
    func start() throws {
        let text = """
            tessera: 1
            inputs: {x: {shape: [batch, 3, 12, 12]}}
            weights: {random: 5}
            layers:
              - conv: {channels: 8, kernel: 3, padding: same}
              - relu
              - conv: {channels: 8, kernel: 3, padding: same}
              - relu
              - conv: {channels: 8, kernel: 3, padding: same}
              - global_average_pool
              - flatten
              - linear: {name: scores, features: 5}
            outputs: [scores]
            """
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        // All activations are finely rounded, so only weights of 2 bits differ from numbers.
        var declaration = QuantizationDeclaration()
        (declaration.weightBits, declaration.activationBits, declaration.auxiliary) = (2, 8, AuxiliaryDeclaration())
        let form = try QuantizationAwareNetwork(
            network, declaration, quantizer: LearnedStepSize(), samples: [batch().input], seed: 1,
            backend: OneDNNBackend(), threads: 1)
        func session(_ form: (any TrainingForm)?) throws -> TrainingSession {
            try TrainingSession(
                network, inputs: ["x": [4, 3, 12, 12]], form: form, backend: OneDNNBackend(),
                options: TrainingOptions(),
                loss: CrossEntropy(), optimizer: StochasticGradientDescent())
        }
        let parts = try #require(session(form).gradients(of: batch()).parts)
        let loss = try session(nil).gradients(of: batch()).loss
        #expect(abs(parts.auxiliary - loss) < 0.05 * loss, "\(parts.auxiliary) and \(loss)")
        #expect(abs(parts.own - loss) > 2 * abs(parts.auxiliary - loss), "\(parts.own) and \(loss)")
    }

    @Test(
        "a network that is evaluated beside an auxiliary one computes what it does alone, whatever was trained with last"
    )
    func evaluation() throws {
        let session = try session(form(width: 2, distillation: 1))
        for seed in 0..<3 { _ = try session.step(batch(UInt64(seed)), rate: 0.02) }
        let alone = try self.session(form())
        try alone.parameters.set(session.parameters.tensors())
        let (found, expected) = (try session.evaluate(batch(50)), try alone.evaluate(batch(50)))
        #expect(found.loss == expected.loss && found.parts == nil)
        #expect(try session.output == alone.output)
    }

    @Test("steps do not vanish, however they are trained")
    func steps() throws {
        let form = try form()
        let session = try TrainingSession(
            network(), inputs: ["x": [4, 3, 12, 12]], form: form, backend: OneDNNBackend(), options: TrainingOptions(),
            loss: CrossEntropy(), optimizer: AdamW(decay: WeightDecay(0.5, decaysAll: true)))
        for seed in 0..<20 { _ = try session.step(batch(UInt64(seed)), rate: 0.1) }
        for (name, smallest) in form.smallest {
            let entry = try #require(session.parameters.entry(name), "\(name)")
            #expect(try session.parameters.tensor(entry).floats()[0] >= smallest && smallest > 0, "\(name)")
        }
        #expect(form.smallest.count == 10)
    }

    @Test("layers whose normalizations turn signs around run as integers as well, and compute what was trained")
    func negativeFactors() throws {
        let session = try session(form(bits: 4))
        for name in ["bn1.weight", "bn2.weight", "bn3.weight"] {
            let entry = try #require(session.parameters.entry(name))
            try session.parameters.set(entry, Tensor([-1, 0.5, -0.25, 2, -2, 1, 0.75, -0.5], shape: [8]))
        }
        _ = try session.step(batch(), rate: 1e-4)
        let saved = try session.trainedNetwork()
        let inputs = ["x": try batch(9).input]
        let bound = try saved.bound(inputs: inputs.mapValues(\.shape))
        let kernels = try Session(bound, backend: OneDNNBackend())
        let found = try #require(kernels.run(inputs)["scores"]).floats()
        let expected = try #require(Session(bound, backend: ReferenceBackend()).run(inputs)["scores"]).floats()
        let largest = expected.map(\.magnitude).max() ?? 0
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 0.03 * largest }, "\(found) \(expected)")
        for layer in ["stem", "first", "second"] {
            let kernel = try #require(kernels.kernels.first { $0.layer == layer || $0.layer.hasPrefix(layer + " ") })
            #expect(["int8", "x8s8", "vnni"].contains(where: kernel.implementation.contains), "\(kernel)")
        }
    }

    @Test("masks are kept by methods that have a zero, and refused by those that have none")
    func masks() throws {
        let mask = try Tensor((0..<8 * 8 * 9).map { $0 < 72 ? 0 : 1 }, shape: [8, 8, 3, 3])
        let kept = try session(form("lsq"))
        try kept.setMask(mask, of: "first.weight")
        _ = try kept.step(batch(), rate: 0.05)
        let saved = try kept.trainedNetwork()
        guard case .tensors(let tensors) = saved.weights else {
            Issue.record("expected tensors")
            return
        }
        let packed = try #require(tensors["first.weight"])
        let integers: [Int8] = try PackedIntegers.unpacked(packed, bits: 4, shape: [8, 8, 3, 3]).elements()
        #expect(integers.prefix(72).allSatisfy { $0 == 0 } && !integers.allSatisfy { $0 == 0 })
        let refused = try session(form("dorefa"))
        expectError(.notSupported, "rounded to integers of which none is 0") {
            try refused.setMask(mask, of: "first.weight")
        }
    }

    @Test("without a convolution to join there is no auxiliary network, and that is said")
    func nothingToJoin() throws {
        let text = """
            tessera: 1
            inputs: {x: {shape: [batch, 4]}}
            weights: {random: 1}
            layers: [linear: {name: a, features: 4}, relu: {}, linear: {name: b, features: 2}]
            outputs: [b]
            """
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        var declaration = QuantizationDeclaration()
        declaration.auxiliary = AuxiliaryDeclaration()
        expectError(.invalidArgument, "expected a quantized convolution to join") {
            try QuantizationAwareNetwork(
                network, declaration, quantizer: LearnedStepSize(),
                samples: [Tensor([1, 2, 3, 4, -1, 0, 5, 6], shape: [2, 4])], seed: 1,
                backend: ReferenceBackend(), threads: 1)
        }
    }
}
