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
