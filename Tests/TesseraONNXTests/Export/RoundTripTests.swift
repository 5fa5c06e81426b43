import Foundation
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
        "[{concat: {from: [x, x], axis: 1}}, {pad: {axes: [2, 3], before: [1, 0], after: [0, 2], value: 0.5}}]",
        "[{slice: {axes: [1, 3], starts: [1, 0], ends: [3, 8]}}]", "[{slice: {axes: [2, 3], steps: [2, 2]}}]",
        "[{slice: {axes: [-1], steps: [-1]}}]", "[{slice: {starts: [0, 1]}}]", "[{slice: {axes: [2], ends: [-1]}}]",
        "[{conv: {channels: 2, kernel: [3, 4], dilation: [2, 3], padding: same}}]",
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
        "[{split: {axis: 1, sizes: [1, 3]}}, {concat: {from: [split1.1, split1], axis: 1}}]",
        "[{split: {axis: 1, parts: 2}}, {subtract: {from: [split1, split1.1]}}]",
        "[{constant: {values: [2, 0], shape: [2], type: i64}}, {gather: {from: [x, constant1], axis: 1}}]",
        "[{depth_to_space: {block: 2, mode: crd}}, {space_to_depth: {block: 2}}, {space_to_depth: {block: 2, mode: crd}}]",
        "[shape, {cast: {type: f32}}]", "[size, {cast: {type: f32}}]",
        "[{shape: {start: 1, end: 3}}, {fill: {from: shape1, value: 2.5}}]",
        "[{constant: {name: s, values: [0.1]}}, {quantize: {from: [x, s]}}, {dequantize: {from: [quantize1, s]}}]",
    ]

    /// Layers over an input x [1, 4, 6, 8], whose sizes matter.
    static let fixedNetworks: [String] = [
        "[{linear: {features: 5}}]", "[{linear: {features: 5, bias: false}}]",
        "[{tile: {repeats: [1, 1, 2, 1]}}, {expand: {shape: [2, 4, 12, 8]}}]",
        "[{conv_transpose: {channels: 6, kernel: 3, stride: 2, padding: 1, output_padding: 1, groups: 2}}]",
        "[{conv_transpose: {channels: 2, kernel: [3, 2], stride: 2, padding: same, bias: false}}]",
        "[{conv_transpose: {channels: 2, kernel: 3, stride: 2, padding: same_lower, output_size: [12, 17]}}]",
        "[{conv: {channels: 2, kernel: 4, stride: 2, padding: same_lower}}]",
        "[{instance_norm: {epsilon: 0.1}}, {instance_norm: {affine: false}}, {group_norm: {groups: 2}}]",
        "[{group_norm: {groups: 4, affine: false}}, {local_response_norm: {size: 3, alpha: 0.5}}]",
        "[{layer_norm: {axis: 2}}, {layer_norm: {bias: false}}, {layer_norm: {affine: false, axis: 1}}]",
        "[{layer_norm: {name: n}}, {add: {from: [n.mean, n.inverse_deviation]}}, {multiply: {from: [n, add1]}}]",
        "[{log_softmax: {axis: -1}}, global_max_pool]",
        "[{max_pool: {name: p, kernel: 2, indices: true}}, {cast: {from: p.indices, type: f32}}, {add: {from: [p, cast1]}}]",
        "[{max_pool: {kernel: 3, stride: 2, padding: 1, ceil_mode: true, dilation: 2}}]",
        "[{average_pool: {kernel: 3, stride: 2, padding: 1, ceil_mode: true, count_include_pad: false}}]",
        "[{transpose: {order: [0, 1, 3, 2]}}, {matmul: {from: [x, transpose1]}}]",
        "[{resize: {mode: linear, axes: [2, 3], scales: [2, 1.5]}}]",
        "[{resize: {mode: cubic, sizes: [9, 5], axes: [2, 3], coordinates: align_corners, cubic_coefficient: -0.5}}]",
        "[{resize: {scales: [1, 1, 0.5, 2], coordinates: asymmetric, rounding: floor}}]",
        "[{pad: {axes: [3], before: [2], after: [1], mode: reflect}}, {pad: {axes: [2], before: [-1], mode: edge}}]",
        "[{slice: {axes: [3, 2], starts: [7, 1], ends: [0, 5], steps: [-2, 3]}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {lstm: {name: l, hidden: 3, direction: bidirectional}}, {reduce: {from: l.cell, function: sum}}, {add: {from: [l, reduce1]}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {lstm: {hidden: 3, direction: reverse, bias: false, batch_first: true}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {lstm: {hidden: 3, peephole: true, input_forget: true, clip: 0.5}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {gru: {name: g, hidden: 3}}, {gru: {hidden: 2, linear_before_reset: false, batch_first: true}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {gru: {name: g, hidden: 3}}, {gru: {from: [reshape1, g.hidden], inputs: [x, initial_hidden], hidden: 3}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {rnn: {hidden: 3, activations: [relu]}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {rnn: {hidden: 3, direction: bidirectional, activations: [leaky_relu, affine], activation_alpha: [0.2, 0.5], activation_beta: [0.1]}}]",
        "[{range: {start: 1, limit: 9, step: 2, type: f32}}]",
        "[{constant: {name: c, values: [7], type: i64, shape: []}}, {range: {from: c, inputs: [limit], start: 1}}, {cast: {type: f32}}]",
        "[{reshape: {shape: [1, 48, 4]}}, {slice: {from: x, axes: [1, 2], starts: [0, 0], ends: [1, 1]}}, {reshape: {name: s, shape: [1, 1, 8]}}, {slice: {from: reshape1, axes: [1], starts: [0], ends: [8]}}, {non_max_suppression: {from: [slice2, s], maximum_per_class: 5, iou_threshold: 0.5, score_threshold: 0.1}}, {cast: {type: f32}}]",
        "[{prelu: {shared: true}}, {identity: {}}]",
        "[{cumulative_sum: {axis: 1, exclusive: true}}, {space_to_depth: {block: 2, mode: crd}}]",
    ]

    @Test("a network is the same after it was written and read, whatever its size", arguments: networks)
    func open(layers: String) throws { try check(layers, shape: "[1, 4, height, width]") }

    @Test("a network of one size is the same after it was written and read", arguments: fixedNetworks)
    func fixed(layers: String) throws { try check(layers, shape: "[1, 4, 6, 8]") }

    private func check(_ layers: String, shape: String) throws {
        let text = """
            tessera: 1
            name: round
            inputs: {x: {shape: \(shape)}}
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

    /// Layers with weights over an input x [1, 4, 6, 8].
    static let weighted = [
        "[{conv: {channels: 2, kernel: 3}}]", "[{conv_transpose: {channels: 2, kernel: 3}}]", "[{linear: 3}]",
        "[{reshape: {shape: [4, 48]}}, {linear: 3}]", "[batch_norm]",
        "[instance_norm, {instance_norm: {affine: false}}]",
        "[{group_norm: {groups: 2}}]", "[layer_norm, {layer_norm: {bias: false}}]", "[prelu, {prelu: {shared: true}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {lstm: {hidden: 3, peephole: true}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {gru: {hidden: 3, direction: bidirectional}}]",
        "[{reshape: {shape: [6, 8, 4]}}, {rnn: {hidden: 3, bias: false}}]",
    ]

    @Test(
        "weights are written in the type of what the layer computes with", arguments: weighted, [ElementType.f16, .f64])
    func weightTypes(layers: String, type: ElementType) throws {
        let head = """
            tessera: 1
            inputs: {x: {shape: [1, 4, 6, 8], type: \(type)}}
            weights: {random: 3}
            layers: \(layers)
            """
        let names = try NetworkLoader(operators: .builtin).load(text: head + "\noutputs: [x]\n", file: "r.yaml")
        let last = try #require(names.graph.nodes.last?.name)
        let network = try NetworkLoader(operators: .builtin)
            .load(text: head + "\noutputs: {y: \(last)}\n", file: "r.yaml")
        let model = try ONNXExporter().model(of: network)
        let types = Set(model.initializers.map(\.tensor.elementType).filter(\.isFloatingPoint))
        #expect(types == [type])

        let folder = try TemporaryFolder()
        try model.write(to: folder.file("m.onnx"))
        let copy = try Modules.builtin.loader.load(folder.file("m.onnx"))
        let values = (0..<192).map { Double($0 * 37 % 192) / 50 + 0.01 }
        let input = try Tensor(reals: values, shape: [1, 4, 6, 8], elementType: type)
        let expected = try #require(try network.reference(["x": input])["y"])
        let found = try #require(try copy.reference(["x": input])["y"])
        #expect(found.elementType == type && found.shape == expected.shape)
        let differences = zip(expected.reals(), found.reals()).map { abs($0 - $1) / max(1, abs($0)) }
        #expect(differences.allSatisfy { $0 < (type == .f16 ? 0.01 : 1e-6) })
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
