import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraONNX

/// What layers become.
@Suite struct ExportTests {
    private func model(
        _ layers: String, inputs: String = "{x: {shape: [1, 4, height, width]}}", outputs: String
    ) throws -> ONNXModelProto {
        let text = """
            tessera: 1
            inputs: \(inputs)
            weights: {random: 3}
            layers: \(layers)
            outputs: \(outputs)
            """
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        return try ONNXExporter().model(of: network).proto
    }

    /// `Conv(x, c.weight) -> c {group: [1]}`, attributes with integers alone.
    private func lines(_ model: ONNXModelProto) -> [String] {
        model.graph.node.map { node in
            let attributes = node.attribute.map { attribute in
                let value =
                    attribute.hasI
                    ? "\(attribute.i)"
                    : attribute.hasS ? String(decoding: attribute.s, as: UTF8.self) : "\(attribute.ints)"
                return "\(attribute.name): \(value)"
            }
            return
                "\(node.opType)(\(node.input.joined(separator: ", "))) -> \(node.output.joined(separator: ", ")) {\(attributes.joined(separator: ", "))}"
        }
    }

    @Test("a convolution says its window")
    func convolution() throws {
        #expect(
            lines(try model("[{conv: {name: c, channels: 2, kernel: 3, padding: [1, 2], stride: 2}}]", outputs: "[c]"))
                == [
                    "Conv(x, c.weight, c.bias) -> c {group: 1, kernel_shape: [3, 3], pads: [1, 2, 1, 2], strides: [2, 2]}"
                ])
        #expect(
            lines(try model("[{conv: {name: c, channels: 2, kernel: 3, padding: same, bias: false}}]", outputs: "[c]"))
                == [
                    "Conv(x, c.weight) -> c {auto_pad: SAME_UPPER, group: 1, kernel_shape: [3, 3], strides: [1, 1]}"
                ])
    }

    @Test("outputs are named as in the network, and those that share a value all exist")
    func outputs() throws {
        let model = try model("[{relu: {name: r}}]", outputs: "{a: r, b: r, c: x}")
        #expect(
            lines(model) == [
                "Relu(x) -> a {}", "Identity(a) -> b {}", "Identity(x) -> c {}",
            ])
        #expect(model.graph.output.map(\.name) == ["a", "b", "c"])
        #expect(model.graph.node[0].name == "r")
    }

    @Test("sizes that are open stay open, and types are stated")
    func declarations() throws {
        let model = try model(
            "[{gather: {name: g, from: [table, ids]}}]",
            inputs: "{table: {shape: [rows, 3]}, ids: {shape: [2], type: i64}}", outputs: "[g]")
        let inputs = model.graph.input.map(\.type.tensorType)
        #expect(inputs.map(\.elemType) == [1, 7])
        #expect(inputs[0].shape.dim.map(\.dimParam) == ["rows", ""])
        #expect(inputs[1].shape.dim.map(\.dimValue) == [2])
        #expect(model.graph.output[0].type.tensorType.elemType == 1)
        #expect(model.opsetImport.map(\.version) == [21])
    }

    @Test("an output that is called like an input is refused")
    func nameOfInput() {
        expectError(.invalidArgument, "outputs named other than inputs") { try model("[relu]", outputs: "{x: relu1}") }
    }

    @Test("an input that is an output is one in the model")
    func inputAsOutput() throws {
        let model = try model("[{relu: {name: r}}]", outputs: "{x: x, y: x, r: r}")
        #expect(lines(model) == ["Relu(x) -> r {}", "Identity(x) -> y {}"])
        #expect(model.graph.output.map(\.name) == ["x", "y", "r"])

        var builder = ModelBuilder(opset: 13)
        builder.input("x", [2])
        builder.node("Relu", ["x"], ["y"])
        builder.output("x", "y")
        let copy = try ONNXExporter().model(of: builder.network()).proto
        #expect(copy.graph.output.map(\.name) == ["x", "y"])
        #expect(copy.graph.node.map(\.opType) == ["Relu"])
        #expect(try builder.run(["x": Tensor([-1, 2], shape: [2])])["x"]?.reals() == [-1, 2])
    }

    @Test(
        "a range is of the type of its inputs, and what follows from it, too", arguments: [ElementType.f32, .i32, .i64])
    func range(type: ElementType) throws {
        let model = try model(
            "[{range: {name: n, from: [a, b]}}, {absolute: {name: y}}]",
            inputs: "{a: {shape: [], type: \(type)}, b: {shape: [], type: \(type)}}", outputs: "[n, y]")
        #expect(model.graph.output.map(\.type.tensorType.elemType) == [type.onnxNumber, type.onnxNumber])
        #expect(model.graph.output.map(\.type.tensorType.shape.dim.count) == [1, 1])
    }

    @Test(
        "outputs whose sizes depend on data say how many axes they have",
        arguments: [
            ("conv: {name: o, from: [x, w], channels: 2, kernel: 1}", 4), ("reshape: {name: o, from: [x, three]}", 3),
            ("top_k: {name: o, from: [x, one]}", 4), ("tile: {name: o, from: [x, three]}", 4),
            ("expand: {name: o, from: [x, three]}", 4), ("squeeze: {name: o, from: [x, one]}", 3),
            ("unsqueeze: {name: o, from: [x, one]}", 5), ("clip: {name: o, from: [x, s], inputs: [x, minimum]}", 4),
            ("reduce: {name: o, from: [x, three], function: sum, keep_axes: false}", 1),
            ("fill: {name: o, from: [three]}", 3),
        ])
    func ranks(layer: String, rank: Int) throws {
        let inputs = """
            {x: {shape: [1, 4, h, w]}, w: {shape: [2, 4, 1, 1]}, one: {shape: [1], type: i64},
             three: {shape: [3], type: i64}, s: {shape: []}}
            """
        let layers = "[{\(layer)}, {identity: {name: y}}, {flatten: {name: f, from: o, axis: -1}}]"
        let model = try model(layers, inputs: inputs, outputs: "[o, y, f]")
        #expect(model.graph.output.allSatisfy { $0.type.tensorType.hasShape })
        #expect(model.graph.output.map(\.type.tensorType.shape.dim.count) == [rank, rank, rank])
    }

    @Test("a shape that follows from one of unknown sizes says how many axes there are")
    func computedShape() throws {
        let layers = """
            [{reshape: {name: r, from: [x, three]}}, {shape: {name: s, end: -1}},
             {constant: {name: c, values: [1, 1], type: i64, shape: [2]}}, {concat: {name: t, from: [s, c], axis: 0}},
             {expand: {name: e, from: [r, s]}}, {reshape: {name: y, from: [x, t]}}]
            """
        let model = try model(
            layers, inputs: "{x: {shape: [n]}, three: {shape: [3], type: i64}}", outputs: "[s, t, e, y]")
        #expect(model.graph.output.map(\.type.tensorType.shape.dim.count) == [1, 1, 3, 4])
    }

    @Test("a normalization over unknown sizes needs them only where it has no weights")
    func normalization() throws {
        let inputs = "{x: {shape: [24]}, four: {shape: [4], type: i64}, w: {shape: [3]}}"
        func layers(_ norm: String) -> String { "[{reshape: {name: r, from: [x, four]}}, {\(norm)}]" }
        let given = "instance_norm: {name: y, from: [r, w, w]}"
        #expect(try model(layers(given), inputs: inputs, outputs: "[y]").graph.node.count == 2)
        expectError(.notSupported, "y (instance_norm): an unknown number of channels") {
            try model(layers("instance_norm: {name: y, affine: false}"), inputs: inputs, outputs: "[y]")
        }
    }

    @Test("integers that control a layer become those of 64 bits that ONNX takes")
    func integers() throws {
        let model = try model(
            "[{reshape: {name: r, from: [x, s]}}, {gather: {name: y, from: [r, s]}}]",
            inputs: "{x: {shape: [4]}, s: {shape: [2], type: u8}}", outputs: "[y]")
        #expect(model.graph.node.map(\.opType) == ["Cast", "Reshape", "Cast", "Gather"])
        #expect(model.graph.node[0].attribute[0].i == 7)
    }

    @Test(
        "types that ONNX's operator does not take are refused",
        arguments: [
            ("relu", "u8", "Relu"), ("negate", "u8", "Neg"), ("power", "u8", "Pow"),
            ("cumulative_sum: {axis: 0}", "u8", "CumSum"),
            ("reduce: {function: sum}", "u8", "ReduceSum"), ("max_pool: {kernel: 2}", "i32", "MaxPool"),
            ("celu", "f16", "Celu"), ("celu", "f64", "Celu"), ("conv: {channels: 1, kernel: 1}", "i32", "Conv"),
            ("gelu", "bf16", nil), ("relu", "i8", nil), ("max_pool: {kernel: 2}", "u8", nil), ("mish", "bf16", "Mish"),
            ("swish: {alpha: 2}", "bf16", nil), ("reduce: {function: max}", "u8", nil),
            ("top_k: {k: 1}", "bf16", "TopK"),
        ] as [(String, String, String?)])
    func types(layer: String, type: String, refused: String?) throws {
        let isBinary = layer == "power"
        let text =
            layer.contains(":")
            ? layer.replacing(": {", with: ": {name: o, ", maxReplacements: 1)
            : "\(layer): {name: o\(isBinary ? ", from: [x, x]" : "")}"
        func write() throws -> ONNXModelProto {
            try model("[{\(text)}]", inputs: "{x: {shape: [1, 1, 4, 4], type: \(type)}}", outputs: "[o]")
        }
        guard let refused else {
            #expect(throws: Never.self) { try write() }
            return
        }
        let name = layer.prefix { $0 != ":" }
        expectError(.notSupported, "o (\(name)): ONNX's operator '\(refused)' for \(type) is not supported") {
            try write()
        }
    }

    @Test("sizes that no common one fits can be given")
    func sizes() throws {
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 1, h, 3]}}
            weights: {random: 1}
            layers:
              - reshape: {name: r, shape: [1, 111]}
            outputs: [r]
            """
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        expectError(.shapeMismatch) { try ONNXExporter().model(of: network) }
        #expect(try ONNXExporter(sizes: ["h": 37]).model(of: network).proto.graph.node.count == 1)
    }

    @Test("every layer of the catalogue can be written")
    func complete() {
        let missing = Registry<any Operator>.builtin.names.filter { LayerExporters.all[$0] == nil }
        #expect(missing == [])
    }
}
