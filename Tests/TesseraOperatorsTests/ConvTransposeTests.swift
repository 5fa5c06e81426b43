import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct ConvTransposeTests {
    /// Every tile is a convolution for each remainder of the stride, all of them compiled.
    private let few = [[2, 1], [3, 3]]

    @Test("kernels, tiles and shapes over strides, padding, dilation, groups, 1 to 3 axes and odd sizes")
    func conformance() throws {
        try checkOperator([
            OperatorCase(op(16, 2, stride: 2), [1, 32, 5, 6], tilings: few),
            OperatorCase(op(8, 4, stride: 2, padding: .explicit([1])), [2, 5, 9, 7], tilings: few),
            OperatorCase(op(12, 3, stride: 2, padding: .explicit([1]), outputPadding: 1), [1, 16, 4, 3]),
            OperatorCase(op(3, 3), [1, 4, 5, 6], tilings: few),
            OperatorCase(op(16, 5, stride: 3, padding: .explicit([0, 2, 1, 1])), [1, 16, 4, 3], tilings: few),
            OperatorCase(
                op(4, [3, 2], stride: [1, 3], padding: .explicit([1, 0]), dilation: [2, 1]), [1, 3, 7, 4]),
            OperatorCase(op(6, 3, stride: 2, dilation: 2, groups: 3), [1, 9, 7, 5], tilings: few),
            OperatorCase(op(8, 3, stride: 4, dilation: 6, groups: 4, bias: false), [2, 8, 4, 5], tilings: few),
            OperatorCase(op(5, 1, stride: 3), [1, 2, 4, 3], tilings: few),
            OperatorCase(op(4, 3, stride: 2, padding: .same), [1, 4, 7, 9], tilings: few),
            OperatorCase(op(4, 3, stride: 2, padding: .sameLower), [1, 4, 7, 9], tilings: few),
            OperatorCase(op(4, 2, stride: 3, padding: .same), [1, 4, 5, 5], tilings: few),
            OperatorCase(op(4, 3, stride: 2, outputSize: [20, 13]), [1, 4, 9, 7], tilings: few),
            OperatorCase(op(2, 3, stride: 2, padding: .explicit([-1])), [1, 3, 4, 5], tilings: few),
            OperatorCase(op(16, 4, stride: 2, padding: .explicit([1])), [2, 8, 13], tilings: [[2], [100]]),
            OperatorCase(
                op(8, 3, stride: 2, padding: .explicit([1])), [1, 4, 5, 4, 3], tilings: [[2, 1, 2]]),
            OperatorCase(op(4, 3, stride: 2), [1, 4, 3, 3], types: [.f16]),
            OperatorCase(op(4, 3, stride: 2), [1, 4, 3, 3], types: [.f64]),
        ])
    }

    @Test("1 and 2 through a kernel of 1, 10, 100 with stride 2, by hand")
    func byHand() throws {
        let x = try Tensor([1, 2], shape: [1, 1, 2])
        let weights = ["weight": try Tensor([1, 10, 100], shape: [1, 1, 3]), "bias": try Tensor([0.5], shape: [1])]
        func values(_ op: ConvTranspose) throws -> [Float] { try op.forward([x], parameters: weights)[0].floats() }
        #expect(try values(op(1, 3, stride: 2)) == [1.5, 10.5, 102.5, 20.5, 200.5])
        #expect(try values(op(1, 3, stride: 2, padding: .explicit([1, 0]))) == [10.5, 102.5, 20.5, 200.5])
        // 5 - 4 = 1 is dropped: at the end with `same`, at the beginning with `same_lower` and for a size alone (ONNX).
        #expect(try values(op(1, 3, stride: 2, padding: .same)) == [1.5, 10.5, 102.5, 20.5])
        #expect(try values(op(1, 3, stride: 2, padding: .sameLower)) == [10.5, 102.5, 20.5, 200.5])
        #expect(try values(op(1, 3, stride: 2, outputSize: [4])) == [10.5, 102.5, 20.5, 200.5])
        // What no input reaches holds the bias.
        #expect(try values(op(1, 3, stride: 2, outputPadding: 1)) == [1.5, 10.5, 102.5, 20.5, 200.5, 0.5])
        #expect(try values(op(1, 3, stride: 2, outputSize: [7])) == [1.5, 10.5, 102.5, 20.5, 200.5, 0.5, 0.5])
        #expect(try values(op(1, 3, stride: 4, dilation: 2)) == [1.5, 0.5, 10.5, 0.5, 102.5, 0.5, 20.5, 0.5, 200.5])
    }

    @Test("it is the gradient of a convolution: <conv(y), x> = <y, conv_transpose(x)>")
    func adjoint() throws {
        var generator = SeededGenerator(seed: 4)
        var conv = Conv()
        (conv.channels, conv.kernel, conv.stride, conv.padding) = (4, [3, 2], [2, 3], .explicit([1, 0, 2, 1]))
        (conv.dilation, conv.groups, conv.bias) = ([1, 2], 2, false)
        let y = try Tensor.random([1, 6, 11, 12], .f64, using: &generator)
        let weight = try Tensor.random([4, 3, 3, 2], .f64, using: &generator)
        let there = try conv.forward([y], parameters: ["weight": weight])[0]
        let x = try Tensor.random(there.shape, .f64, using: &generator)
        var transposed = op(
            6, [3, 2], stride: [2, 3], padding: .explicit([1, 0, 2, 1]), dilation: [1, 2], groups: 2, bias: false)
        // What the windows left over at the end.
        let size = try transposed.outputShapes(for: [x.shape])[0]
        transposed.outputPadding = PerAxis([11 - size[2], 12 - size[3]])
        let back = try transposed.forward([x], parameters: ["weight": weight])[0]
        func product(_ a: Tensor, _ b: Tensor) -> Double { zip(a.reals(), b.reals()).map { $0 * $1 }.reduce(0, +) }
        #expect(back.shape == y.shape)
        #expect(abs(product(there, x) - product(y, back)) < 1e-12)
    }

    @Test("a range of output channels takes its columns of the weights, or its groups' rows")
    func channelRegion() throws {
        let part = Region([0..<1, 2..<4, 0..<9, 0..<9])
        let tile = try op(6, 3, stride: 2).tile(part, ofOutput: 0, inputs: [[1, 4, 4, 4]])
        #expect(tile.inputs == [Region([0..<1, 0..<4, 0..<4, 0..<4])])
        #expect(tile.parameters["weight"] == Region([0..<4, 2..<4, 0..<3, 0..<3]))
        let grouped = try op(6, 3, stride: 2, groups: 3).tile(part, ofOutput: 0, inputs: [[1, 9, 4, 4]])
        #expect(grouped.inputs == [Region([0..<1, 3..<6, 0..<4, 0..<4])])
        #expect(grouped.parameters["weight"] == Region([3..<6, 0..<2, 0..<3, 0..<3]))
    }

    @Test("what cannot be is refused")
    func badConfigurations() {
        expectError(.shapeMismatch, "1 to 3 spatial axes") { try op(1, 3).outputShapes(for: [[1, 1]]) }
        expectError(.shapeMismatch, "leave nothing") {
            try op(1, 3, padding: .explicit([3])).outputShapes(for: [[1, 1, 2, 2]])
        }
        expectError(.shapeMismatch, "'output_size' expects 2") {
            try op(1, 3, outputSize: [3]).outputShapes(for: [[1, 1, 2, 2]])
        }
        expectError(.shapeMismatch, "divisible by 2 groups") {
            try op(2, 3, groups: 2).outputShapes(for: [[1, 3, 2, 2]])
        }
        expectError(.invalidArgument, "'output_padding'") {
            try op(1, 3, outputPadding: -1).outputShapes(for: [[1, 1, 2, 2]])
        }
        expectError(.shapeMismatch) { try op(1, 3).outputShapes(for: [[1, 1, 0, 2]]) }
        expectError(.outOfMemory) { try op(1, 3, stride: PerAxis([1 << 31])).outputShapes(for: [[1, 1, 1 << 20, 2]]) }
    }

    private func op(
        _ channels: Int, _ kernel: PerAxis, stride: PerAxis = 1, padding: Padding = .explicit([0]),
        outputPadding: PerAxis = 0, outputSize: [Int]? = nil, dilation: PerAxis = 1, groups: Int = 1, bias: Bool = true
    ) -> ConvTranspose {
        var op = ConvTranspose()
        (op.channels, op.kernel, op.stride, op.padding) = (channels, kernel, stride, padding)
        (op.outputPadding, op.outputSize) = (outputPadding, outputSize)
        (op.dilation, op.groups, op.bias) = (dilation, groups, bias)
        return op
    }
}
