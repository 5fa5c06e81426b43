import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct IntegerWeightsTests {
    @Test("integers of 2 and 4 bits are packed from the lowest bits on, a row for each output channel")
    func packing() throws {
        let four = try Tensor(integers: [1, -1, 7, -8, 3, 0], shape: [2, 3], elementType: .i8)
        let packed = try PackedIntegers.packed(four, bits: 4)
        #expect(packed.shape == [2, 2])
        #expect(packed.integers() == [0xF1, 0x07, 0x38, 0x00])
        #expect(try PackedIntegers.unpacked(packed, bits: 4, shape: [2, 3]) == four)
        let two = try Tensor(integers: [1, -1, 0, -2, 1], shape: [1, 5], elementType: .i8)
        let pairs = try PackedIntegers.packed(two, bits: 2)
        // 01, 11, 00, 10 from the lowest bits, then 01.
        #expect(pairs.integers() == [0b1000_1101, 0b01])
        #expect(try PackedIntegers.unpacked(pairs, bits: 2, shape: [1, 5]) == two)
        expectError(.shapeMismatch, "expected 2x3 bytes") {
            try PackedIntegers.unpacked(packed, bits: 4, shape: [2, 5])
        }
    }

    @Test("a weight is its integer times the scale of its channel")
    func meaning() throws {
        var op = Conv()
        (op.channels, op.weightBits, op.bias) = (2, 4, false)
        let parameters = [
            "weight": try PackedIntegers.packed(
                Tensor(integers: [1, -2, 3, 4], shape: [2, 2, 1, 1], elementType: .i8), bits: 4),
            "weight_scale": try Tensor([0.5, 2], shape: [2]),
        ]
        #expect(try op.parameters(for: [[1, 2, 1, 1]]).map(\.elementType) == [.u8, .f32])
        let x = try Tensor([10, 100], shape: [1, 2, 1, 1])
        // 0.5 · (10 - 200), 2 · (30 + 400).
        #expect(try op.forward([x], parameters: parameters)[0].floats() == [-95, 860])
        expectError(.notFound, "misses its weight_scale") {
            try op.forward([x], parameters: ["weight": #require(parameters["weight"])])
        }
        op.weightBits = 3
        expectError(.invalidArgument, "0, 2, 4 or 8, found 3") { try op.validate() }
    }

    @Test("weights that a layer of dequantization makes of constants become the layer's own integers")
    func given() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([1, 2, 1, 1]))
        let integers = try Tensor(integers: [1, -2, 3, 4], shape: [2, 2, 1, 1], elementType: .i8)
        let weight = try graph.addNode("integers", Constant(integers), inputs: [])
        let scale = try graph.addNode("scale", Constant(Tensor([0.5, 2], shape: [2])), inputs: [])
        let numbers = try graph.addNode("numbers", Dequantize(axis: 0), inputs: [weight, scale])
        var op = Conv()
        op.channels = 2
        try graph.addOutput("y", graph.addNode("conv", op, inputs: [x, numbers]))
        let values = ["integers": integers, "scale": try Tensor([0.5, 2], shape: [2])]
        let bound = try BoundGraph(graph, inputs: [:]) { node, _ in values[node.name] }
        #expect(bound.graph.nodes.count == 1)
        let conv = try #require(bound.graph.nodes[0].op as? Conv)
        #expect(conv.weightBits == 8 && !conv.bias)
        #expect(bound.parameters[0]["weight"] == integers)
    }
}
