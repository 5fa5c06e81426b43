import Tessera
import TesseraTestSupport
import Testing

@Suite struct NetworkQuantizerTests {
    private static let text = """
        tessera: 1
        name: toy
        inputs: {x: {shape: [batch, 3, 16, 16]}}
        weights: {random: 3}
        layers:
          - conv: {name: stem, channels: 8, kernel: 3, padding: same, bias: false}
          - batch_norm: {name: bn1}
          - relu: {name: start}
          - conv: {name: first, channels: 8, kernel: 3, padding: same}
          - relu
          - conv: {name: second, channels: 8, kernel: 3, padding: same}
          - add: {from: [second, start]}
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

    private func samples(_ count: Int = 6, seed: UInt64 = 7) throws -> [[String: Tensor]] {
        var generator = SeededGenerator(seed: seed)
        return try (0..<count).map { _ in ["x": try .random([2, 3, 16, 16], using: &generator)] }
    }

    private func quantizer(
        _ settings: QuantizationSettings = QuantizationSettings(), network: Network? = nil
    ) throws -> NetworkQuantizer {
        let samples = try samples()
        var quantizer = try NetworkQuantizer(
            network ?? self.network(), inputs: samples[0].mapValues(\.shape), settings: settings,
            backend: OneDNNBackend())
        for inputs in samples { try quantizer.observe(inputs) }
        return quantizer
    }

    @Test("every layer but those to be kept has integers, and what lies between two layers moves as integers")
    func structure() throws {
        var settings = QuantizationSettings()
        settings.keep = ["first"]
        let result = try quantizer(settings).quantized(with: MinMax())
        let bits = result.network.graph.nodes.compactMap { node in
            (node.op as? any IntegerWeights).map { "\(node.name) \($0.weightBits)" }
        }
        #expect(bits == ["stem 8", "first 0", "second 8", "depthwise 8", "scores 8"])
        let pool = result.activations.filter { ["relu2", "pool"].contains($0.name) }
        #expect(pool.count == 2 && pool[0].scale == pool[1].scale, "\(result.activations)")
        // Only inputs may be negative here.
        for (name, scale) in result.activations { #expect((scale.zeroPoint == 0) == (name != "x"), "\(name)") }
    }

    @Test("outputs remain near those in f32, more so with more bits, and by the reference as by kernels")
    func accuracy() throws {
        let exact = try network()
        let inputs = try samples(1, seed: 8)[0]
        let expected = try #require(
            exact.session(inputs: inputs.mapValues(\.shape), backend: OneDNNBackend()).run(inputs)["scores"])
        var ratios: [Double] = []
        for bits in [4, 6, 8] {
            var settings = QuantizationSettings()
            (settings.weightBits, settings.activationBits, settings.target) = (bits, bits, .vnni)
            let small = try quantizer(settings).quantized(with: MinMax()).network
            let graph = try small.bound(inputs: inputs.mapValues(\.shape))
            let found = try #require(Session(graph, backend: OneDNNBackend()).run(inputs)["scores"])
            let reference = try #require(Session(graph, backend: ReferenceBackend()).run(inputs)["scores"])
            #expect(try relativeDifference(found, reference) < 0.02)
            ratios.append(try Double(relativeDifference(found, expected)))
        }
        #expect(ratios[2] < 0.03 && ratios[2] < ratios[1] && ratios[1] < ratios[0], "\(ratios)")
    }

    @Test("a quantized network is written and read as it is, whatever its bits", arguments: [2, 4, 8])
    func files(bits: Int) throws {
        var settings = QuantizationSettings()
        settings.weightBits = bits
        let small = try quantizer(settings).quantized(with: Percentile()).network
        let folder = try TemporaryFolder()
        try small.write(to: folder.file("n.yaml"))
        let again = try NetworkLoader(operators: .builtin).load(folder.file("n.yaml"))
        let inputs = try samples(1, seed: 9)[0]
        func run(_ network: Network) throws -> [String: Tensor] {
            try network.session(inputs: inputs.mapValues(\.shape), backend: OneDNNBackend()).run(inputs)
        }
        #expect(try run(again) == run(small))
        let weight = try SafetensorsFile(path: folder.file("n.safetensors")).tensor("first.weight")
        // Eight rows of 8 · 9 integers.
        #expect(weight.elementType == (bits == 8 ? .i8 : .u8) && weight.byteCount == 8 * 72 * bits / 8)
    }

    @Test("a quantized network in tiles equals the whole to the bit", arguments: ["fused-grid", "strips", "layerwise"])
    func tiles(strategy: String) throws {
        let small = try quantizer().quantized(with: MinMax()).network
        let inputs = try samples(1)[0]
        let graph = try small.bound(inputs: inputs.mapValues(\.shape))
        let span = try Span(graph)
        // Where a network is cut, bytes go from one node to the other.
        #expect(span.cutPoints.dropLast().contains { graph.elementTypes[$0] == .u8 })
        let choices = try Modules.builtin.strategies.make(strategy).stages(for: span, nodes: 4)
        let plan = try Plan(graph, nodes: 4, choices: choices, strategy: strategy)
        if strategy == "layerwise" { #expect(plan.stages.count > 2) }
        for threads in [1, 2] {
            let options = CompileOptions(threads: threads)
            let whole = try Session(graph, backend: OneDNNBackend(), options: options).run(inputs)
            #expect(try plan.run(inputs, backend: OneDNNBackend(), options: options) == whole)
        }
    }

    @Test("equalization changes no output, and makes ranges of channels alike")
    func equalization() throws {
        var network = try self.network()
        var weights = try network.weightsOfLayers()
        // Channels whose ranges differ a hundredfold, which the next layer takes back.
        func factor(_ channel: Int) -> Float { channel % 2 == 0 ? 10 : 0.1 }
        let first = try #require(weights["first.weight"]).floats()
        let bias = try #require(weights["first.bias"]).floats()
        let second = try #require(weights["second.weight"]).floats()
        weights["first.weight"] = try Tensor(
            first.indices.map { first[$0] * factor($0 / 72) }, shape: [8, 8, 3, 3])
        weights["first.bias"] = try Tensor(bias.indices.map { bias[$0] * factor($0) }, shape: [8])
        weights["second.weight"] = try Tensor(
            second.indices.map { second[$0] / factor($0 / 9 % 8) }, shape: [8, 8, 3, 3])
        network = network.replacingWeights(.tensors(weights))
        var settings = QuantizationSettings()
        (settings.activationBits, settings.equalizes, settings.correctsBias) = (6, true, false)
        let equalized = try quantizer(settings, network: network)
        let inputs = try samples(1)[0]
        let before = try #require(
            network.session(inputs: inputs.mapValues(\.shape), backend: OneDNNBackend()).run(inputs)["scores"])
        let none = try equalized.quantized(with: MinMax(), layers: []).network
        let same = try #require(
            none.session(inputs: inputs.mapValues(\.shape), backend: OneDNNBackend()).run(inputs)["scores"])
        #expect(try relativeDifference(same, before) < 1e-5)
        settings.equalizes = false
        let (plain, better) = (try quantizer(settings, network: network), equalized)
        let costs = try [plain, better].map { try $0.comparison(of: $0.quantized(with: MinMax()).network).ratio }
        #expect(costs[1] > costs[0] + 3, "\(costs)")
    }

    @Test("bias correction takes back what rounding changes on average")
    func biasCorrection() throws {
        func meanError(_ corrects: Bool) throws -> Double {
            var settings = QuantizationSettings()
            (settings.weightBits, settings.correctsBias) = (3, corrects)
            let samples = try samples()
            // One layer whose inputs are all positive, so that errors add up.
            let network = try NetworkLoader(operators: .builtin).load(
                text: """
                    tessera: 1
                    inputs: {x: {shape: [batch, 3, 16, 16]}}
                    weights: {random: 3}
                    layers:
                      - absolute
                      - conv: {name: c, channels: 16, kernel: 3}
                    outputs: [c]
                    """, file: "n.yaml")
            let small = try quantizer(settings, network: network).quantized(with: MinMax()).network
            let shapes = samples[0].mapValues(\.shape)
            let (a, b) = try (
                network.session(inputs: shapes, backend: OneDNNBackend()),
                small.session(inputs: shapes, backend: OneDNNBackend())
            )
            var sums = [Double](repeating: 0, count: 16)
            for inputs in samples {
                let (exact, found) = (
                    try #require(a.run(inputs)["c"]).reals(), try #require(b.run(inputs)["c"]).reals()
                )
                for index in exact.indices { sums[index / 196 % 16] += found[index] - exact[index] }
            }
            return sums.reduce(0) { $0 + $1.magnitude } / Double(16 * 2 * 6 * 196)
        }
        let (before, after) = (try meanError(false), try meanError(true))
        #expect(after < before / 4, "\(before), \(after)")
    }

    @Test("rounding that is learned changes outputs less than rounding to the nearest")
    func adaptiveRounding() throws {
        var ratios: [Double] = []
        for rounding in WeightRounding.allCases {
            var settings = QuantizationSettings()
            (settings.weightBits, settings.rounding) = (3, rounding)
            let quantizer = try quantizer(settings)
            ratios.append(try quantizer.comparison(of: quantizer.quantized(with: MinMax()).network).ratio)
        }
        #expect(ratios[1] > ratios[0] + 0.5, "\(ratios)")
    }

    @Test("the layers that cost most stay in f32, as long as there is room for their operations")
    func mixedPrecision() throws {
        var settings = QuantizationSettings()
        (settings.weightBits, settings.activationBits) = (4, 4)
        let quantizer = try quantizer(settings)
        let costs = try quantizer.sensitivities(MinMax())
        #expect(costs.map(\.layer) == ["stem", "first", "second", "depthwise", "scores"])
        #expect(quantizer.layers(keeping: 0, of: costs) == quantizer.quantizedNames)
        #expect(quantizer.layers(keeping: 1, of: costs).isEmpty)
        let mixed = quantizer.layers(keeping: 0.5, of: costs)
        let worst = try #require(
            costs.filter { $0.layer != "first" && $0.layer != "second" }.min { $0.outputRatio < $1.outputRatio })
        #expect(!mixed.contains(worst.layer))
        let ratios = try [quantizer.quantizedNames, mixed].map {
            try quantizer.comparison(of: quantizer.quantized(with: MinMax(), layers: $0).network).ratio
        }
        #expect(ratios[1] > ratios[0])
    }

    @Test func whatCannotBe() throws {
        var settings = QuantizationSettings()
        settings.keep = ["frist"]
        expectError(.notFound, "did you mean 'first'") { _ = try quantizer(settings) }
        settings = QuantizationSettings()
        settings.weightBits = 9
        expectError(.invalidArgument, "2 to 8 bits for weights, found 9") { _ = try quantizer(settings) }
        let small = try quantizer().quantized(with: MinMax()).network
        expectError(.invalidArgument, "found integers already") {
            _ = try quantizer(QuantizationSettings(), network: small)
        }
        let empty = try NetworkQuantizer(network(), inputs: ["x": [1, 3, 16, 16]], backend: OneDNNBackend())
        expectError(.invalidArgument, "inferences to calibrate with") { _ = try empty.quantized(with: MinMax()) }
    }
}
