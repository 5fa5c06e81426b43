import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraONNX

/// Networks that are written as ONNX and read again compute the same.
@Suite struct RoundTripTests {
    /// Layers over an input x [1, 4, height, width] that is 6 by 8; the last one is the output.
    static let networks: [String] = [
        "[{conv: {channels: 6, kernel: [3, 1], stride: 2, padding: [1, 0, 0, 2], dilation: 1, groups: 2}}]",
        "[{conv: {channels: 2, kernel: 3, padding: same, bias: false}}, relu]",
        "[{conv: {channels: 2, kernel: 3, padding: [-1, 0, 1, 0]}}]",
        "[{batch_norm: {epsilon: 0.01}}, {leaky_relu: {slope: 0.2}}]",
        "[{max_pool: {kernel: 2}}, {average_pool: {kernel: 3, stride: 1, padding: 1}}]",
        "[{average_pool: {kernel: 3, stride: 2, padding: [0, 1]}}]",
        "[global_average_pool, flatten, {linear: 3}, {softmax: {axis: 1}}]",
        "[{linear: {features: 5}}]", "[{linear: {features: 5, bias: false}}]",
        "[{concat: {from: [x, x], axis: 1}}, {pad: {axes: [2, 3], before: [1, 0], after: [0, 2], value: 0.5}}]",
        "[{slice: {axes: [1, 3], starts: [1, 0], ends: [3, 8]}}]",
        "[{add: {from: [x, x, x]}}, {subtract: {from: [add1, x]}}]",
        "[{elu: {alpha: 0.5}}, {selu: {}}, {celu: {alpha: 2}}, sigmoid, hard_swish, tanh, softplus, softsign]",
        "[{hard_sigmoid: {alpha: 0.25}}, {gelu: {approximation: tanh}}, mish, {swish: {alpha: 1.5}}, relu6]",
        "[{thresholded_relu: {alpha: 0.5}}, {clip: {minimum: 0.1, maximum: 0.9}}, prelu]",
        "[absolute, exp, log, sqrt, reciprocal, floor, ceil, round, sign, erf, negate, identity]",
        "[{multiply: {from: [x, x]}}, {divide: {from: [x, multiply1]}}, {power: {from: [multiply1, x]}}]",
        "[{maximum: {from: [x, x]}}, {minimum: {from: [maximum1, x]}}, {average: {from: [minimum1, x, x]}}]",
        "[{greater: {from: [x, x]}}, logical_not, {where: {from: [logical_not1, x, x]}}]",
        "[{less_or_equal: {from: [x, x]}}, {equal: {from: [x, x]}}, {logical_and: {from: [less_or_equal1, equal1]}}]",
        "[{reduce: {function: mean, axes: [2, 3]}}]", "[{reduce: {function: log_sum_exp, keep_axes: false}}]",
        "[{reduce: {function: l2, axes: [-1], keep_axes: false}}]",
        "[{arg_max: {axis: 1, last_index: true}}]", "[{arg_min: {axis: -1, keep_axis: false}}]",
        "[{top_k: {k: 3, largest: false}}, {cast: {from: top_k1.indices, type: f32}}, {add: {from: [cast1, top_k1]}}]",
        "[{cumulative_sum: {axis: 2, reverse: true}}]",
        "[{reshape: {shape: [0, 2, -1]}}, {transpose: {order: [2, 0, 1]}}, {unsqueeze: {axes: [0]}}, {squeeze: {axes: [2]}}]",
        "[{flatten: {axis: 1, last_axis: 2}}]", "[{flatten: {axis: 2}}]",
        "[{constant: {values: [1, 2, 3, 4], shape: [4, 1, 1]}}, {add: {from: [x, constant1]}}]",
        "[{tile: {repeats: [1, 1, 2, 1]}}, {expand: {shape: [2, 4, 12, 8]}}]",
        "[{split: {axis: 1, sizes: [1, 3]}}, {concat: {from: [split1.1, split1], axis: 1}}]",
        "[{split: {axis: 1, parts: 2}}, {subtract: {from: [split1, split1.1]}}]",
        "[{constant: {values: [2, 0], shape: [2], type: i64}}, {gather: {from: [x, constant1], axis: 1}}]",
        "[{depth_to_space: {block: 2, mode: crd}}, {space_to_depth: {block: 2}}]",
        "[shape, {cast: {type: f32}}]", "[size, {cast: {type: f32}}]",
        "[{shape: {start: 1, end: 3}}, {fill: {value: 2.5}}]",
        "[{constant: {name: s, values: [0.1]}}, {quantize: {from: [x, s]}}, {dequantize: {from: [quantize1, s]}}]",
    ]

    @Test("a network is the same after it was written and read", arguments: networks)
    func same(layers: String) throws {
        let text = """
            tessera: 1
            name: round
            inputs: {x: {shape: [1, 4, height, width]}}
            weights: {random: 3}
            layers: \(layers)
            """
        let names = try NetworkLoader(operators: .builtin).load(text: text + "\noutputs: [x]\n", file: "r.yaml")
        let last = try #require(names.graph.nodes.last?.name)
        let network = try NetworkLoader(operators: .builtin)
            .load(text: text + "\noutputs: {y: \(last)}\n", file: "r.yaml")
        let folder = try TemporaryFolder()
        try ONNXExporter().write(network, to: folder.file("model.onnx"))
        let copy = try Modules.builtin.loader.load(folder.file("model.onnx"))
        #expect(copy.graph.inputs.map(\.shape) == network.graph.inputs.map(\.shape))

        let count = 4 * 6 * 8
        let values = (0..<count).map { Float($0 * 37 % count) / 50 + 0.01 }
        let input = try Tensor(values, shape: [1, 4, 6, 8])
        func outputs(_ network: Network) throws -> [String: Tensor] {
            try network.session(inputs: ["x": input.shape], backend: ReferenceBackend()).run(["x": input])
        }
        let (expected, found) = (try outputs(network), try outputs(copy))
        #expect(expected.keys.sorted() == ["y"])
        #expect(found.mapValues(\.shape) == expected.mapValues(\.shape))
        let (y, z) = (try #require(expected["y"]).reals(), try #require(found["y"]).reals())
        let differences = zip(y, z).map { abs($0 - $1) / max(1, abs($0)) }
        #expect(found == expected || differences.allSatisfy { $0 <= 1e-6 })
    }

    @Test("weights and layers keep their names")
    func names() throws {
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 2, 5, 5]}}
            weights: {random: 3}
            layers:
              - conv: {name: stem.conv, channels: 3, kernel: 3}
              - batch_norm: {name: stem.bn}
              - relu: {name: stem.act}
            outputs: [stem.act]
            """
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        let model = try ONNXExporter().model(of: network)
        #expect(
            model.initializers.map(\.name) == [
                "stem.conv.weight", "stem.conv.bias", "stem.bn.weight", "stem.bn.bias", "stem.bn.running_mean",
                "stem.bn.running_var",
            ])
        let folder = try TemporaryFolder()
        try model.write(to: folder.file("m.onnx"))
        let graph = try ONNXModel(path: folder.file("m.onnx")).imported()
        #expect(graph.layers.map(\.name) == ["stem.conv", "stem.bn", "stem.act"])
        #expect(graph.layers.map(\.type) == ["conv", "batch_norm", "relu"])
        #expect(graph.outputs.map(\.name) == ["stem.act"])
    }

    @Test("weights that are too large for the model go to a file beside it")
    func externalData() throws {
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 2, 5, 5]}}
            weights: {random: 3}
            layers: [{conv: {name: c, channels: 3, kernel: 3}}]
            outputs: [c]
            """
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        let folder = try TemporaryFolder()
        let model = try ONNXExporter().model(of: network)
        try model.write(to: folder.file("m.onnx"), externalDataFrom: 10)
        #expect(try folder.contents == ["m.onnx", "m.onnx.data"])
        let read = try ONNXModel(path: folder.file("m.onnx"))
        #expect(try read.initializers.map { try $0.tensor() } == model.initializers.map(\.tensor))
    }
}
