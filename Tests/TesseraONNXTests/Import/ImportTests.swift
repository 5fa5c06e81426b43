import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraONNX

/// What each operator becomes, by family and version of ONNX's operators.
@Suite struct ImportTests {
    @Test func convolutionsTakeTheirSizesFromTheWeight() throws {
        let attributes: [String: ModelBuilder.Attribute] = [
            "strides": .ints([2, 2]), "pads": .ints([1, 1, 1, 1]), "dilations": .ints([1, 1]), "group": .int(1),
            "kernel_shape": .ints([3, 3]),
        ]
        #expect(
            try layers(opset: 11, "Conv", ["x", "net.conv1.weight", "b"], attributes) {
                $0.weight("net.conv1.weight", [4, 2, 3, 3])
                $0.weight("b", [4])
            } == ["conv net.conv1 {channels: 4, kernel: 3, stride: 2, padding: 1} (x) bias=4 weight=4x2x3x3"])
    }

    @Test func weightsThatAreNoConstantsStayInputs() throws {
        #expect(
            try layers(
                opset: 22, "Conv", ["x", "w"], ["auto_pad": .string("SAME_LOWER")],
                given: ["x": [1, 2, 8, 8], "w": [4, 1, 3, 5]])
                == ["conv y {channels: 4, kernel: [3, 5], padding: 'same_lower', bias: false} (x, w)"])
    }

    @Test func asymmetricPaddingKeepsONNXsOrder() throws {
        #expect(
            try layers(opset: 11, "Conv", ["x", "w"], ["pads": .ints([0, 1, 2, 3])]) { $0.weight("w", [1, 2, 1, 1]) }
                == ["conv y {channels: 1, kernel: 1, padding: [0, 1, 2, 3], bias: false} (x) weight=1x2x1x1"])
        #expect(
            try layers(opset: 11, "Conv", ["x", "w"], ["pads": .ints([0, 1, 0, 1])]) { $0.weight("w", [1, 2, 1, 1]) }
                == ["conv y {channels: 1, kernel: 1, padding: [0, 1], bias: false} (x) weight=1x2x1x1"])
    }

    @Test func transposedConvolutionsCountChannelsOfAllGroups() throws {
        #expect(
            try layers(
                opset: 11, "ConvTranspose", ["x", "w"],
                ["group": .int(2), "strides": .ints([2, 2]), "output_shape": .ints([16, 18])]
            ) { $0.weight("w", [2, 3, 3, 3]) } == [
                "conv_transpose y {channels: 6, kernel: 3, stride: 2, padding: 'same_lower', output_size: [16, 18], groups: 2, bias: false} (x) weight=2x3x3x3"
            ])
    }

    @Test func poolingNamesItsStride() throws {
        #expect(
            try layers(opset: 12, "MaxPool", ["x"], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
                == ["max_pool y {kernel: 2} (x)"])
        #expect(
            try layers(
                opset: 12, "MaxPool", ["x"], outputs: ["y", "i"],
                ["kernel_shape": .ints([3, 3]), "storage_order": .int(1)])
                == ["max_pool y {kernel: 3, stride: 1, indices: true, column_major: true} (x)"])
        #expect(
            try layers(opset: 7, "AveragePool", ["x"], ["kernel_shape": .ints([2, 2]), "pads": .ints([1, 1, 1, 1])])
                == ["average_pool y {kernel: 2, stride: 1, padding: 1, count_include_pad: false} (x)"])
    }

    @Test func clipsBoundsAreAttributesThenInputs() throws {
        #expect(
            try layers(opset: 6 + 1, "Clip", ["x"], ["min": .float(-1), "max": .float(0.1)])
                == ["clip y {minimum: -1, maximum: 0.1} (x)"])
        #expect(
            try layers(opset: 11, "Clip", ["x", "", "high"]) { $0.scalar("high", 2) } == ["clip y {maximum: 2} (x)"])
        #expect(
            try layers(opset: 13, "Clip", ["x", "low", "high"]) {
                $0.scalar("low", 0)
                $0.scalar("high", 6)
            } == ["relu6 y {} (x)"])
        #expect(
            try layers(opset: 13, "Clip", ["x", "", "high"], given: ["x": [2], "high": []])
                == ["clip y {inputs: ['x', 'maximum']} (x, high)"])
    }

    @Test func activationsKeepTheirNumbersReadable() throws {
        #expect(try layers(opset: 7, "LeakyRelu", ["x"], ["alpha": .float(0.1)]) == ["leaky_relu y {slope: 0.1} (x)"])
        #expect(try layers(opset: 7, "LeakyRelu", ["x"]) == ["leaky_relu y {} (x)"])
        #expect(try layers(opset: 7, "HardSigmoid", ["x"]) == ["hard_sigmoid y {alpha: 0.2} (x)"])
        #expect(
            try layers(opset: 20, "Gelu", ["x"], ["approximate": .string("tanh")])
                == ["gelu y {approximation: 'tanh'} (x)"])
        #expect(
            try layers(opset: 9, "PRelu", ["x", "act.weight"]) { $0.weight("act.weight", [2, 1, 1]) }
                == ["prelu act {} (x) weight=2"])
    }

    @Test func reductionsTakeAxesFromAttributesOrInputs() throws {
        #expect(
            try layers(opset: 11, "ReduceMean", ["x"], ["axes": .ints([2, 3]), "keepdims": .int(0)])
                == ["reduce y {function: 'mean', axes: [2, 3], keep_axes: false} (x)"])
        #expect(
            try layers(opset: 18, "ReduceMax", ["x", "axes"], ["noop_with_empty_axes": .int(1)]) {
                $0.integers("axes", [-1])
            } == ["reduce y {function: 'max', axes: [-1], empty_axes: 'none'} (x)"])
        #expect(try layers(opset: 13, "ReduceSum", ["x"]) == ["reduce y {function: 'sum'} (x)"])
    }

    @Test func searchesNameTheirKeys() throws {
        #expect(
            try layers(opset: 12, "ArgMax", ["x"], ["axis": .int(1), "select_last_index": .int(1)])
                == ["arg_max y {axis: 1, last_index: true} (x)"])
        #expect(
            try layers(opset: 11, "TopK", ["x", "k"], outputs: ["v", "i"], ["largest": .int(0)]) {
                $0.integers("k", [3])
            } == ["top_k v {k: 3, largest: false} (x)"])
        #expect(try layers(opset: 7, "TopK", ["x"], outputs: ["v", "i"], ["k": .int(2)]) == ["top_k v {k: 2} (x)"])
        #expect(
            try layers(
                opset: 11, "NonMaxSuppression", ["b", "s", "most", "iou"],
                given: ["b": [1, 6, 4], "s": [1, 1, 6]]
            ) {
                $0.integers("most", [3])
                $0.scalar("iou", 0.5)
            } == ["non_max_suppression y {maximum_per_class: 3, iou_threshold: 0.5} (b, s)"])
    }

    @Test func slicesAndPadsMoveFromAttributesToInputs() throws {
        #expect(
            try layers(opset: 7, "Slice", ["x"], ["starts": .ints([0, 1]), "ends": .ints([1, Int.max])])
                == ["slice y {starts: [0, 1], ends: [1, 2147483648]} (x)"])
        #expect(
            try layers(opset: 10, "Slice", ["x", "s", "e", "a", "t"]) {
                $0.integers("s", [5])
                $0.integers("e", [0])
                $0.integers("a", [2])
                $0.integers("t", [-1])
            } == ["slice y {axes: [2], starts: [5], ends: [0], steps: [-1]} (x)"])
        #expect(
            try layers(opset: 10, "Slice", ["x", "s", "e"], given: ["x": [9], "e": [1]]) { $0.integers("s", [5]) }
                == ["slice y {starts: [5], inputs: ['x', 'ends']} (x, e)"])
        #expect(
            try layers(opset: 7, "Pad", ["x"], ["pads": .ints([0, 0, 1, 2, 0, 0, 3, 4]), "value": .float(2)])
                == ["pad y {axes: [2, 3], before: [1, 2], after: [3, 4], value: 2} (x)"])
        #expect(
            try layers(opset: 18, "Pad", ["x", "p", "", "a"], ["mode": .string("reflect")]) {
                $0.integers("p", [1, 2])
                $0.integers("a", [-1])
            } == ["pad y {axes: [-1], before: [1], after: [2], mode: 'reflect'} (x)"])
    }

    @Test func shapesThatAreConstantBecomeKeys() throws {
        #expect(
            try layers(opset: 14, "Reshape", ["x", "s"], ["allowzero": .int(1)]) { $0.integers("s", [1, -1]) }
                == ["reshape y {shape: [1, -1], allow_zero: true} (x)"])
        #expect(
            try layers(opset: 14, "Reshape", ["x", "s"], given: ["x": [4], "s": [2]]) == ["reshape y {} (x, s)"])
        #expect(try layers(opset: 11, "Squeeze", ["x"], ["axes": .ints([0])]) == ["squeeze y {axes: [0]} (x)"])
        #expect(
            try layers(opset: 13, "Unsqueeze", ["x", "a"]) { $0.integers("a", [0, -1]) }
                == ["unsqueeze y {axes: [0, -1]} (x)"])
        #expect(try layers(opset: 8, "Expand", ["x", "s"]) { $0.integers("s", [3]) } == ["expand y {shape: [3]} (x)"])
    }

    @Test func flatteningAtAnyAxis() throws {
        func flat(_ axis: Int) throws -> [String] { try layers(opset: 13, "Flatten", ["x"], ["axis": .int(axis)]) }
        #expect(try flat(1) == ["flatten y {} (x)"])
        #expect(try flat(-3) == ["flatten y {} (x)"])
        #expect(try flat(0) == ["reshape y {shape: [1, -1]} (x)"])
        #expect(try flat(4) == ["reshape y {shape: [-1, 1]} (x)"])
        #expect(try flat(3) == ["flatten y {axis: 0, last_axis: -2} (x)"])
        #expect(
            try flat(2) == [
                "shape y.flatten_sizes {end: 2} (x)",
                "reduce y.flatten_rows {function: 'product', axes: [0]} (y.flatten_sizes)",
                "constant y.flatten_shape.1 {type: 'i64', shape: [1], values: [-1]} ()",
                "concat y.flatten_shape {axis: 0} (y.flatten_rows, y.flatten_shape.1)",
                "reshape y {} (x, y.flatten_shape)",
            ])
    }

    @Test func splitsAreEqualOrSized() throws {
        #expect(
            try layers(opset: 13, "Split", ["x", "s"], outputs: ["a", "b"], ["axis": .int(1)]) {
                $0.integers("s", [1, 1])
            }
                == ["split a {axis: 1, sizes: [1, 1]} (x)"])
        #expect(
            try layers(opset: 18, "Split", ["x"], outputs: ["a", "b", "c"], ["num_outputs": .int(3)])
                == ["split a {axis: 0, parts: 3} (x)"])
    }

    @Test func gemmIsALinearLayerWhereItCanBe() throws {
        #expect(
            try layers(opset: 9, "Gemm", ["x", "fc.weight", "b"], ["transB": .int(1)], given: ["x": [1, 3]]) {
                $0.weight("fc.weight", [2, 3])
                $0.weight("b", [2])
            } == ["linear fc {features: 2} (x) bias=2 weight=2x3"])
        #expect(
            try layers(opset: 11, "Gemm", ["x", "w"], ["alpha": .float(0.5)], given: ["x": [1, 3]]) {
                $0.weight("w", [3, 2])
            } == [
                "constant w {shape: [3, 2], values: [0, 1, 2, 3, 4, 5]} ()", "matmul y.product {} (x, w)",
                "constant y.1 {values: [0.5]} ()", "multiply y {} (y.product, y.1)",
            ])
    }

    @Test func aConstantMatrixIsTransposedForALinearLayer() throws {
        var builder = ModelBuilder(opset: 13)
        builder.input("x", [2, 3])
        builder.weight("w", [3, 2])
        builder.node("MatMul", ["x", "w"], ["y"])
        builder.output("y")
        let layer = try #require(try builder.imported().layers.first)
        #expect(layer.type == "linear")
        #expect(try layer.parameters["weight"] == Tensor([0, 2, 4, 1, 3, 5], shape: [2, 3]))
    }

    @Test func softmaxBeforeOpset13SpansTheRest() throws {
        #expect(try layers(opset: 13, "Softmax", ["x"]) == ["softmax y {axis: 3} (x)"])
        #expect(try layers(opset: 11, "Softmax", ["x"], ["axis": .int(3)]) == ["softmax y {axis: 3} (x)"])
        #expect(
            try layers(opset: 11, "LogSoftmax", ["x"]) == [
                "flatten y.rows {} (x)", "log_softmax y.result {axis: 1} (y.rows)", "shape y.shape {} (x)",
                "reshape y {} (y.result, y.shape)",
            ])
    }

    @Test func resizeNamesWhatChanges() throws {
        #expect(
            try layers(opset: 11, "Resize", ["x", "", "s"], ["mode": .string("linear")]) {
                $0.model.graph.initializer.append(ModelBuilder.tensor("s", [4], floats: [1, 1, 2, 0.5]))
            } == ["resize y {mode: 'linear', axes: [2, 3], scales: [2, 0.5]} (x)"])
        #expect(
            try layers(opset: 18, "Resize", ["x", "", "", "s"], ["axes": .ints([3, 2])]) { $0.integers("s", [4, 6]) }
                == ["resize y {sizes: [4, 6], axes: [3, 2]} (x)"])
        #expect(
            try layers(opset: 7, "Upsample", ["x"], ["scales": .floats([1, 1, 2, 2]), "mode": .string("nearest")])
                == ["resize y {coordinates: 'asymmetric', rounding: 'floor', axes: [2, 3], scales: [2, 2]} (x)"])
    }

    @Test func normalizations() throws {
        #expect(
            try layers(opset: 15, "BatchNormalization", ["x", "bn.weight", "b", "m", "v"], ["epsilon": .float(1e-3)]) {
                for name in ["bn.weight", "b", "m", "v"] { $0.weight(name, [2]) }
            } == ["batch_norm bn {epsilon: 0.001} (x) bias=2 running_mean=2 running_var=2 weight=2"])
        #expect(
            try layers(opset: 17, "LayerNormalization", ["x", "s"], outputs: ["y", "m", ""], ["axis": .int(2)]) {
                $0.weight("s", [8, 8])
            } == ["layer_norm y {axis: 2, bias: false} (x) weight=8x8"])
        #expect(
            try layers(opset: 21, "GroupNormalization", ["x", "s", "b"], ["num_groups": .int(2)]) {
                $0.weight("s", [2])
                $0.weight("b", [2])
            } == ["group_norm y {groups: 2} (x) bias=2 weight=2"])
    }

    @Test func lstmGatesAreReordered() throws {
        var builder = ModelBuilder(opset: 14)
        builder.input("x", [5, 1, 2])
        // Hidden size 1: every row is one gate, i o f c.
        builder.weight("w", [1, 4, 2])
        builder.weight("r", [1, 4, 1])
        builder.weight("b", [1, 8])
        builder.weight("p", [1, 3])
        builder.node(
            "LSTM", ["x", "w", "r", "b", "", "", "", "p"], ["y", "h"], ["hidden_size": .int(1)], name: "rnn")
        builder.output("y", "h")
        let graph = try builder.imported()
        #expect(
            graph.lines == [
                "lstm rnn {hidden: 1, peephole: true} (x) bias_hh_l0=4 bias_ih_l0=4 peephole_l0=3 weight_hh_l0=4x1 weight_ih_l0=4x2",
                "unsqueeze rnn.directions {axes: [1]} (rnn)",
            ])
        #expect(graph.outputs.map(\.value) == ["rnn.directions", "rnn.hidden"])
        let weights = try #require(graph.layers.first?.parameters)
        #expect(try weights["weight_ih_l0"]?.floats() == [0, 1, 4, 5, 6, 7, 2, 3])
        #expect(try weights["bias_ih_l0"]?.floats() == [0, 2, 3, 1])
        #expect(try weights["bias_hh_l0"]?.floats() == [4, 6, 7, 5])
        #expect(try weights["peephole_l0"]?.floats() == [0, 2, 1])
    }

    @Test func gruGatesAreReordered() throws {
        var builder = ModelBuilder(opset: 14)
        builder.input("x", [5, 1, 2])
        builder.weight("w", [2, 3, 2])
        builder.weight("r", [2, 3, 1])
        builder.node(
            "GRU", ["x", "w", "r"], ["", "h"], ["hidden_size": .int(1), "direction": .string("bidirectional")])
        builder.output("h")
        let layer = try #require(try builder.imported().layers.first)
        #expect(
            layer.configuration.flow
                == "{hidden: 1, direction: 'bidirectional', bias: false, linear_before_reset: false}")
        // z r h become r z n.
        #expect(try layer.parameters["weight_ih_l0_reverse"]?.floats() == [8, 9, 6, 7, 10, 11])
    }

    @Test func quantizedConvolutionGoesByFloats() throws {
        var builder = ModelBuilder(opset: 10)
        builder.input("x", [1, 1, 4, 4], .u8)
        builder.input("w", [1, 1, 1, 1], .i8)
        for name in ["xs", "ws", "ys"] { builder.input(name, []) }
        for name in ["xz", "yz"] { builder.input(name, [], .u8) }
        builder.input("wz", [], .i8)
        builder.node("QLinearConv", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"], ["y"])
        builder.output("y")
        #expect(
            try builder.imported().lines == [
                "dequantize y.x {} (x, xs, xz)", "dequantize y.weight {axis: 0} (w, ws, wz)",
                "conv y.conv {channels: 1, kernel: 1, bias: false} (y.x, y.weight)",
                "quantize y {} (y.conv, ys, yz)",
            ])
    }

    @Test func theCommonOperatorsAreAllKnown() {
        let operators = """
            Conv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool BatchNormalization
            InstanceNormalization LayerNormalization GroupNormalization Relu LeakyRelu PRelu Elu Selu Celu Sigmoid
            HardSigmoid HardSwish Tanh Softplus Softsign Gelu Mish Swish ThresholdedRelu Clip Softmax LogSoftmax Gemm
            MatMul LSTM GRU RNN Add Sub Mul Div Pow Sqrt Exp Log Abs Neg Min Max Mean Sum Floor Ceil Round Erf
            Reciprocal Sign Concat Split Slice Pad Reshape Flatten Transpose Squeeze Unsqueeze Expand Tile Gather Resize
            Upsample DepthToSpace SpaceToDepth Identity Dropout Cast Constant ConstantOfShape Shape Size Range Where
            Equal Greater Less GreaterOrEqual LessOrEqual Not And Or Xor ReduceMean ReduceSum ReduceMax ReduceMin
            ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp ArgMax ArgMin TopK LRN
            QuantizeLinear DequantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger DynamicQuantizeLinear
            NonMaxSuppression CumSum CastLike
            """.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(Set(operators) == Set(NodeConverters.all.keys))
    }
}
