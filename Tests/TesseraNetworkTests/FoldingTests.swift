import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct FoldingTests {
    /// A network of layers over an input x, whose last layer is the output.
    static func network(
        _ layers: String..., input: String = "[1, 2, height, width]", outputs: String, weights: WeightSource
    ) throws -> Network {
        let text = """
            tessera: 1
            inputs: {x: {shape: \(input)}}
            layers:
            \(layers.map { "  - \($0)" }.joined(separator: "\n"))
            outputs: [\(outputs)]
            """
        return try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml", weights: weights)
    }

    static func weights(_ tensors: [String: ([Int], [Float])]) throws -> WeightSource {
        .tensors(try tensors.mapValues { try Tensor($1, shape: Shape($0)) })
    }

    /// Parameters of a batch normalization with this factor and summand, and nothing else.
    static func norm(_ name: String, variance: [Float]) -> [String: ([Int], [Float])] {
        let count = variance.count
        return [
            "\(name).weight": ([count], [Float](repeating: 1, count: count)),
            "\(name).bias": ([count], [Float](repeating: 0, count: count)),
            "\(name).running_mean": ([count], [Float](repeating: 0, count: count)),
            "\(name).running_var": ([count], variance),
        ]
    }

    private func parameters(_ network: Network, of layer: String, input: Shape) throws -> [String: [Float]] {
        let bound = try network.bound(inputs: ["x": input])
        let node = try #require(bound.graph.nodes.firstIndex { $0.name == layer })
        return try bound.parameters[node].mapValues { try $0.floats() }
    }

    private let conv: [String: ([Int], [Float])] = [
        "conv.weight": ([2, 2, 1, 1], [2, 3, -1, 4]), "conv.bias": ([2], [1, 0.5]),
    ]
    private let layer = "conv: {name: conv, channels: 2, kernel: 1}"

    @Test("a batch normalization changes kernels and bias as computed by hand: 3 / √4 and 2 / √0.25")
    func byHand() throws {
        let norm: [String: ([Int], [Float])] = [
            "bn.weight": ([2], [3, 2]), "bn.bias": ([2], [1, -1]), "bn.running_mean": ([2], [2, 2]),
            "bn.running_var": ([2], [4, 0.25]),
        ]
        let network = try Self.network(
            layer, "batch_norm: {name: bn, epsilon: 0}", "relu: {name: y}", outputs: "y",
            weights: Self.weights(conv.merging(norm) { $1 }))
        let folded = try network.folded()
        #expect(folded.graph.nodes.map(\.name) == ["conv", "y"])
        #expect(
            try parameters(folded, of: "conv", input: [1, 2, 3, 3])
                == ["weight": [3, 4.5, -4, 16], "bias": [-0.5, -7]])
        let entry = try #require(folded.foldedLayers.first)
        #expect(folded.foldedLayers.count == 1 && entry.layer == "conv" && entry.merged == ["bn"])
        #expect(entry.largestVariance == 4 && !entry.varianceExceedsBinary16)
        #expect(entry.largestParameter == 3 && entry.largestWeight == 16)
        #expect(network.foldedLayers.isEmpty && network.graph.nodes.count == 3)
    }

    @Test("arithmetic with constants of either operand, one after the other, is one factor and one summand")
    func chain() throws {
        // ((10 - conv) · [2, 3] / 4 + 1), then a normalization of variance 4.
        let network = try Self.network(
            "constant: {name: ten, values: [10]}", "constant: {name: two, shape: [2, 1, 1], values: [2, 3]}",
            "constant: {name: four, shape: [1, 1, 1, 1], values: [4]}", "constant: {name: one, shape: [1, 2, 1, 1]}",
            "conv: {name: conv, channels: 2, kernel: 1, bias: false, from: x}",
            "subtract: {name: s, from: [ten, conv]}",
            "multiply: {name: m, from: [two, s]}", "divide: {name: d, from: [m, four]}",
            "add: {name: a, from: [d, one]}", "batch_norm: {name: bn, epsilon: 0}", outputs: "bn",
            weights: Self.weights(
                conv.merging(Self.norm("bn", variance: [4, 4])) { $1 }
                    .merging(["one.value": ([1, 2, 1, 1], [1, -1])]) { $1 }))
        let folded = try network.folded()
        #expect(folded.graph.nodes.map(\.name) == ["conv"])
        #expect(folded.foldedLayers.map(\.merged) == [["s", "m", "d", "a", "bn"]])
        #expect(
            try parameters(folded, of: "conv", input: [1, 2, 1, 1]) == [
                "weight": [-0.5, -0.75, 0.375, -1.5], "bias": [3, 3.25],
            ])
        // The output keeps its name, and names of layers that are gone stand for what makes their values.
        #expect(folded.graph.outputs.map(\.name) == ["bn"])
        for name in ["s", "m", "d", "a", "bn", "conv"] {
            #expect(try folded.graph.value(named: name) == folded.graph.nodes[0].outputs[0], "\(name)")
        }
        expectError(.notFound, "'two'") { try folded.graph.value(named: "two") }
    }

    @Test("a grouped transposed convolution has its output channels on the second axis, group by group")
    func groupedTranspose() throws {
        let network = try Self.network(
            "constant: {name: factors, shape: [1, 4, 1, 1], values: [1, 10, 100, 1000]}",
            "conv_transpose: {name: up, channels: 4, kernel: 1, groups: 2, from: x}",
            "multiply: {name: y, from: [up, factors]}", input: "[1, 4, h, w]", outputs: "y",
            weights: Self.weights([
                "up.weight": ([4, 2, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8]), "up.bias": ([4], [1, 1, 1, 1]),
            ]))
        #expect(
            try parameters(network.folded(), of: "up", input: [1, 4, 2, 2])
                == ["weight": [1, 20, 3, 40, 500, 6000, 700, 8000], "bias": [1, 10, 100, 1000]])
    }

    @Test("a linear layer takes in a normalization over [batch, features], and constants of its last axis")
    func linear() throws {
        let weights = try Self.weights(
            Self.norm("bn", variance: [4, 16]).merging(
                ["fc.weight": ([2, 2], [1, 2, 3, 4]), "fc.bias": ([2], [2, 2])]) { $1 })
        let layers = [
            "constant: {name: c, shape: [1, 2], values: [1, 5]}", "linear: {name: fc, features: 2, from: x}",
            "batch_norm: {name: bn, epsilon: 0}", "add: {name: y, from: [bn, c]}",
        ]
        let network = try Self.network(
            layers[0], layers[1], layers[2], layers[3], input: "[n, 2]", outputs: "y", weights: weights)
        #expect(
            try parameters(network.folded(), of: "fc", input: [3, 2])
                == ["weight": [0.5, 1, 0.75, 1], "bias": [2, 5.5]])
        // Over [batch, 2, features], it normalizes the axis of 2.
        let other = try Self.network(layers[1], layers[2], input: "[n, 2, 2]", outputs: "bn", weights: weights)
        #expect(try other.folded().foldedLayers.isEmpty)
    }

    @Test("a variance of 1e5, which binary16 cannot hold, is folded and told")
    func largeVariance() throws {
        let network = try Self.network(
            layer, "batch_norm: {name: bn, epsilon: 0}", outputs: "bn",
            weights: Self.weights(conv.merging(Self.norm("bn", variance: [1, 1e5])) { $1 }))
        let folded = try network.folded()
        #expect(folded.foldedLayers.map(\.largestVariance) == [1e5])
        #expect(folded.foldedLayers.map(\.varianceExceedsBinary16) == [true])
        let values = try #require(parameters(folded, of: "conv", input: [1, 2, 1, 1])["weight"])
        #expect(values == [2, 3, Float(-1 / 1e5.squareRoot()), Float(4 / 1e5.squareRoot())])
    }

    @Test(
        "what must stay, stays",
        arguments: [
            // Read twice, an output itself, or followed by what is no constant, not per channel, or of another shape.
            ["batch_norm: {name: bn}", "add: {name: y, from: [conv, bn]}"],
            ["add: {name: y, from: [conv, x]}"],
            ["multiply: {name: y, from: [conv, conv]}"],
            ["constant: {name: c, shape: [1, 2], values: [1, 2]}", "add: {name: y, from: [conv, c]}"],
            ["constant: {name: c, shape: [2], values: [1, 2]}", "add: {name: y, from: [conv, c]}"],
            ["constant: {name: c, shape: [1, 1, 2, 1, 1], values: [1, 2]}", "add: {name: y, from: [conv, c]}"],
            ["constant: {name: c, shape: [1, 1, 1, 1, 1], values: [1]}", "add: {name: y, from: [conv, c]}"],
            ["constant: {name: c, values: [1]}", "divide: {name: y, from: [c, conv]}"],
            // Not finite in f32, or too small to be told apart.
            ["constant: {name: c, values: [0]}", "divide: {name: y, from: [conv, c]}"],
            ["constant: {name: c, values: [3e38]}", "multiply: {name: y, from: [conv, c]}"],
            ["constant: {name: c, values: [1e-39]}", "multiply: {name: y, from: [conv, c]}"],
        ])
    func unfolded(layers: [String]) throws {
        var all = [layer] + layers
        // The convolution is the first to read the input.
        if layers[0].hasPrefix("constant") {
            all.swapAt(0, 1); all[1] = all[1].replacingOccurrences(of: "{name", with: "{from: x, name")
        }
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 2, h, w]}}
            layers:
            \(all.map { "  - \($0)" }.joined(separator: "\n"))
            outputs: [y]
            """
        let network = try NetworkLoader(operators: .builtin).load(
            text: text, file: "n.yaml", weights: Self.weights(conv.merging(Self.norm("bn", variance: [1, 1])) { $1 }))
        let folded = try network.folded()
        #expect(folded.foldedLayers.isEmpty)
        #expect(folded.graph.nodes.map(\.name) == network.graph.nodes.map(\.name))
    }

    @Test("a value that is an output itself stays, and a network's constants that others read do, too")
    func outputsAndSharedConstants() throws {
        let weights = try Self.weights(conv.merging(Self.norm("bn", variance: [1, 1])) { $1 })
        let both = try Self.network(layer, "batch_norm: {name: bn}", outputs: "conv, bn", weights: weights)
        #expect(try both.folded().foldedLayers.isEmpty)
        let shared = try Self.network(
            "constant: {name: c, values: [2]}", "conv: {name: conv, channels: 2, kernel: 1, from: x}",
            "multiply: {name: m, from: [conv, c]}", "relu: {name: r}", "multiply: {name: y, from: [r, c]}",
            outputs: "y", weights: weights)
        #expect(try shared.folded().graph.nodes.map(\.name) == ["c", "conv", "r", "y"])
    }

    @Test("what comes before a factor that does not fit is folded nonetheless")
    func partOfAChain() throws {
        let network = try Self.network(
            "constant: {name: c, values: [3e38]}", "conv: {name: conv, channels: 2, kernel: 1, from: x}",
            "batch_norm: {name: bn}", "multiply: {name: y, from: [bn, c]}", outputs: "y",
            weights: Self.weights(conv.merging(Self.norm("bn", variance: [1, 1])) { $1 }))
        let folded = try network.folded()
        #expect(folded.foldedLayers.map(\.merged) == [["bn"]])
        // Folding it again must not begin with the weights as they were.
        #expect(try folded.folded().foldedLayers.map(\.merged) == [["bn"]])
    }

    @Test("folding reads the weights that it needs, leaves the others in their file, and makes each tensor once")
    func laziness() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("w.safetensors")
        let other: [String: ([Int], [Float])] = ["last.weight": ([1, 2, 1, 1], [1, .nan]), "last.bias": ([1], [0])]
        guard
            case .tensors(let tensors) = try Self.weights(
                conv.merging(Self.norm("bn", variance: [1, 4])) { $1 }.merging(other) { $1 })
        else { return }
        try SafetensorsFile.write(tensors, to: path)
        let network = try Self.network(
            layer, "batch_norm: {name: bn}", "relu", "conv: {name: last, channels: 1, kernel: 1}", outputs: "last",
            weights: .file(path))
        let folded = try network.folded()
        #expect(Set(network.loadedWeights.keys) == Set(tensors.keys).subtracting(other.keys))
        #expect(folded.loadedWeights.keys.sorted() == ["conv.bias", "conv.weight"])
        let node = folded.graph.nodes[0]
        let specification = try node.op.parameters(for: [[1, 2, 1, 1]])[0]
        func address(_ network: Network) throws -> UnsafeRawPointer? {
            try network.weight(of: node, specification)?.withUnsafeBytes { $0.baseAddress }
        }
        #expect(try address(folded) == address(folded))
        #expect(try address(folded) == address(network.folded()))
        #expect(try address(folded) != address(network))
        expectError(.invalidArgument, "NaN", "last.weight") { try folded.bound(inputs: ["x": [1, 2, 3, 3]]) }
    }

    @Test("a residual sum is no reason to read weights")
    func residual() throws {
        let network = try Self.network(
            layer, "add: {name: y, from: [conv, x]}", outputs: "y", weights: Self.weights(conv))
        #expect(try network.folded().foldedLayers.isEmpty)
        #expect(network.loadedWeights.isEmpty)
    }

    @Test("more channels than any layer has are left for binding to refuse, before memory is taken for them")
    func manyChannels() throws {
        let network = try Self.network(
            "conv: {name: conv, channels: 2000000000, kernel: 1, bias: false}", "batch_norm: {name: bn}", outputs: "bn",
            weights: .random(seed: 1))
        #expect(try network.folded().foldedLayers.isEmpty)
    }

    @Test("weights that are missing, of another shape, or NaN are the errors of the network as it is written")
    func badWeights() throws {
        let good = conv.merging(Self.norm("bn", variance: [1, 1])) { $1 }
        var bad: [[String: ([Int], [Float])]] = []
        for (name, value) in [
            ("bn.running_var", nil), ("conv.weight", nil), ("conv.weight", ([2, 3, 1, 1], [1, 2, 3, 4, 5, 6])),
            ("bn.bias", ([1], [0])), ("bn.weight", ([2], [1, .nan])), ("conv.bias", ([2], [.nan, 1])),
        ] as [(String, ([Int], [Float])?)] {
            bad.append(good)
            bad[bad.count - 1][name] = value
        }
        for weights in bad {
            let network = try Self.network(
                layer, "batch_norm: {name: bn}", outputs: "bn", weights: Self.weights(weights))
            func message(_ network: Network) throws -> String {
                do {
                    _ = try network.bound(inputs: ["x": [1, 2, 3, 3]])
                    return "no error"
                } catch { return "\(error)" }
            }
            #expect(try message(network) != "no error")
            #expect(try message(network.folded()) == message(network))
        }
    }

    @Test("weights that are drawn at random are folded as the same weights from a file")
    func randomWeights() throws {
        let layers = ["conv: {name: conv, channels: 3, kernel: 3}", "batch_norm: {name: bn}"]
        let network = try Self.network(layers[0], layers[1], outputs: "bn", weights: .random(seed: 4))
        let drawn = try network.weightsOfLayers()
        #expect(drawn.count == 6)
        let fixed = network.replacingWeights(.tensors(drawn))
        let shape: Shape = [1, 2, 5, 5]
        #expect(try network.folded().foldedLayers.count == 1)
        #expect(
            try parameters(network.folded(), of: "conv", input: shape)
                == parameters(fixed.folded(), of: "conv", input: shape))
    }

    @Test("a folded network that is written and read is the same, with its declarations and open sizes")
    func writing() throws {
        let text = """
            tessera: 1
            name: example
            inputs: {x: {shape: [1, 2, height, width], scale: 1, mean: 3}}
            layers:
              - conv: {name: conv, channels: 2, kernel: 1}
              - batch_norm: {name: bn}
            outputs: {bn: {mean: 1, deviation: 2}}
            """
        for source in [
            try Self.weights(conv.merging(Self.norm("bn", variance: [2, 3])) { $1 }), .random(seed: 3),
        ] {
            let folder = try TemporaryFolder()
            let loader = NetworkLoader(operators: .builtin)
            let folded = try loader.load(text: text, file: "n.yaml", weights: source).folded()
            try folded.write(to: folder.file("network.yaml"))
            let again = try loader.load(folder.file("network.yaml"))
            #expect(again.inputs["x"]?.configuration == folded.inputs["x"]?.configuration)
            #expect(again.outputs["bn"]?.configuration.flow.contains("mean: [1]") == true)
            #expect(again.graph.inputs[0].shape == folded.graph.inputs[0].shape)
            #expect(again.graph.nodes.map(\.name) == ["conv"])
            let shapes = ["x": Shape([1, 2, 4, 4])]
            #expect(try again.bound(inputs: shapes).parameters == folded.bound(inputs: shapes).parameters)
            #expect(
                try SafetensorsFile(path: folder.file("network.safetensors")).names == ["conv.bias", "conv.weight"])
        }
    }

    @Test("integers stay as they are, and their scales and the bias take the normalization in", arguments: [8, 4])
    func integers(bits: Int) throws {
        let integers = try Tensor(elements: [3, -2, 1, 7] as [Int8], shape: [2, 2, 1, 1])
        let norm: [String: ([Int], [Float])] = [
            "bn.weight": ([2], [3, -2]), "bn.bias": ([2], [1, -1]), "bn.running_mean": ([2], [2, 2]),
            "bn.running_var": ([2], [4, 0.25]), "conv.weight_scale": ([2], [0.5, 0.25]), "conv.bias": ([2], [1, 0.5]),
        ]
        var tensors = try norm.mapValues { try Tensor($1, shape: Shape($0)) }
        tensors["conv.weight"] = bits == 8 ? integers : try PackedIntegers.packed(integers, bits: bits)
        let network = try Self.network(
            "conv: {name: conv, channels: 2, kernel: 1, weight_bits: \(bits)}", "batch_norm: {name: bn, epsilon: 0}",
            outputs: "bn", weights: .tensors(tensors))
        let folded = try network.folded()
        #expect(folded.graph.nodes.map(\.name) == ["conv"] && folded.foldedLayers[0].largestWeight == nil)
        let parameters = try folded.bound(inputs: ["x": [1, 2, 1, 1]]).parameters[0]
        // 3 / √4 and -2 / √0.25.
        #expect(try parameters["weight_scale"]?.floats() == [0.75, -1])
        // (1 - 2) · 1.5 + 1 and (0.5 - 2) · -4 - 1.
        #expect(try parameters["bias"]?.floats() == [-0.5, 5])
        #expect(parameters["weight"] == tensors["conv.weight"])
        let x = ["x": try Tensor([2, -1], shape: [1, 2, 1, 1])]
        for backend: any KernelBackend in [ReferenceBackend(), OneDNNBackend()] {
            let found = try Session(folded.bound(inputs: ["x": [1, 2, 1, 1]]), backend: backend).run(x)["bn"]
            // (3 · 2 + 2) · 0.75 - 0.5 and (2 - 7) · -1 + 5.
            #expect(try #require(found).floats() == [5.5, 10])
        }
        // What is written and read again is the same network.
        let folder = try TemporaryFolder()
        try folded.write(to: folder.file("n.yaml"))
        let again = try NetworkLoader(operators: .builtin).load(folder.file("n.yaml"))
        #expect(try again.bound(inputs: ["x": [1, 2, 1, 1]]).parameters[0] == parameters)
    }

    @Test("a normalization that leaves nothing of a channel stays where weights are integers")
    func integersWithoutFactor() throws {
        var tensors = try Self.norm("bn", variance: [1, 1]).mapValues { try Tensor($1, shape: Shape($0)) }
        tensors["bn.weight"] = try Tensor([1, 0], shape: [2])
        tensors["conv.weight"] = try Tensor(elements: [3, -2, 1, 7] as [Int8], shape: [2, 2, 1, 1])
        tensors["conv.weight_scale"] = try Tensor([1, 1], shape: [2])
        let network = try Self.network(
            "conv: {name: conv, channels: 2, kernel: 1, weight_bits: 8, bias: false}",
            "batch_norm: {name: bn, epsilon: 0}", outputs: "bn", weights: .tensors(tensors))
        #expect(try network.folded().graph.nodes.map(\.name) == ["conv", "bn"])
    }
}
