import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct ConvTests {
    private let lines = [[2], [3], [100]]
    private let boxes = [[2, 1, 2], [9, 9, 9]]

    @Test("kernels, tiles and shapes over strides, padding, dilation, groups and odd sizes")
    func conformance() throws {
        try checkOperator([
            OperatorCase(conv(64, 3, padding: .same), [1, 64, 32, 32]),
            OperatorCase(conv(64, 3, padding: .explicit([1])), [1, 1, 37, 41]),
            OperatorCase(conv(1, 3, padding: .same), [1, 64, 31, 29]),
            OperatorCase(conv(16, 3, padding: .explicit([1])), [2, 3, 32, 32]),
            OperatorCase(conv(32, 3, stride: 2, padding: .explicit([1])), [2, 16, 33, 31]),
            OperatorCase(conv(24, 7, stride: 2, padding: .explicit([3])), [1, 3, 53, 47]),
            OperatorCase(conv(32, 1), [1, 64, 13, 17]),
            OperatorCase(conv(32, 1, stride: 2), [3, 16, 19, 23]),
            OperatorCase(conv(20, 5, padding: .explicit([0, 1, 3, 2])), [1, 7, 23, 29]),
            OperatorCase(conv(16, [3, 5], stride: [1, 3], padding: .explicit([1, 2])), [1, 16, 17, 43]),
            OperatorCase(conv(32, 3, padding: .explicit([2]), dilation: 2), [1, 32, 37, 31]),
            OperatorCase(conv(16, 3, stride: 2, padding: .same, dilation: [3, 2]), [1, 8, 41, 37]),
            OperatorCase(conv(32, 3, padding: .same, groups: 32), [1, 32, 29, 31]),
            OperatorCase(conv(36, 3, stride: 2, padding: .same, groups: 6), [2, 24, 23, 19]),
            OperatorCase(conv(12, 3, padding: .explicit([2]), dilation: 2, groups: 3, bias: false), [1, 9, 17, 13]),
            OperatorCase(conv(8, 1, padding: .explicit([2])), [1, 4, 5, 3]),
            OperatorCase(conv(8, 3, padding: .explicit([-1, 0, 2, -2])), [1, 4, 11, 13]),
            OperatorCase(conv(8, 4, stride: 3, padding: .same), [1, 4, 11, 13]),
            OperatorCase(conv(5, 3, padding: .same, bias: false), [1, 3, 1, 1]),
            OperatorCase(conv(8, 4, stride: 2, padding: .sameLower), [1, 4, 11, 13]),
            OperatorCase(conv(16, 3, stride: 2, padding: .same), [2, 8, 37], tilings: lines),
            OperatorCase(conv(12, 5, padding: .explicit([3, 1]), dilation: 2, groups: 4), [1, 8, 33], tilings: lines),
            OperatorCase(conv(3, 4, stride: 3, bias: false), [1, 1, 29], tilings: lines),
            OperatorCase(conv(16, 3, padding: .explicit([1])), [1, 16, 4, 3, 5], tilings: boxes),
            OperatorCase(conv(5, [2, 3, 1], stride: [2, 1, 2], padding: .same), [2, 3, 4, 5, 6], tilings: boxes),
            OperatorCase(conv(6, 3, padding: .explicit([2]), dilation: 2, groups: 3), [1, 3, 3, 4, 3], tilings: boxes),
        ])
    }

    @Test("a 2x2 kernel over 3x3, computed by hand")
    func byHand() throws {
        let op = conv(1, 2, padding: .explicit([0]))
        let x = try Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], shape: [1, 1, 3, 3])
        let weights = [
            "weight": try Tensor([1, 0, 0, -1], shape: [1, 1, 2, 2]), "bias": try Tensor([10], shape: [1]),
        ]
        #expect(try op.forward([x], parameters: weights)[0].floats() == [6, 6, 6, 6])
    }

    @Test("an odd rest of padding goes to the end, with same_lower to the beginning")
    func same() throws {
        let x = try Tensor([1, 2, 3], shape: [1, 1, 3])
        let weights = ["weight": try Tensor([1, 10], shape: [1, 1, 2])]
        func values(_ padding: Padding) throws -> [Float] {
            try conv(1, 2, padding: padding, bias: false).forward([x], parameters: weights)[0].floats()
        }
        #expect(try values(.same) == [21, 32, 3])
        #expect(try values(.sameLower) == [10, 21, 32])
    }

    @Test("the region map inverts stride and padding, and an interior tile gets no padding (A3)")
    func regionMap() throws {
        let op = conv(1, 3, stride: 2, padding: .explicit([1]))
        let tile = try op.tile(Region([0..<1, 0..<1, 2..<4, 0..<3]), ofOutput: 0, inputs: [[1, 1, 16, 16]])
        // Rows 2*2-1 = 3 to 3*2-1+3 = 8; columns from -1, which is padding, to 2*2-1+3 = 6.
        #expect(tile.inputs == [Region([0..<1, 0..<1, 3..<8, 0..<6])])
        #expect((tile.op as? Conv)?.padding == .explicit([0, 1, 0, 0]))
    }

    @Test("a range of output channels takes its rows of the weights, and its groups' input channels")
    func channelRegion() throws {
        var op = conv(12, 3, padding: .same)
        op.groups = 3
        let tile = try op.tile(Region([0..<1, 4..<8, 0..<5, 0..<5]), ofOutput: 0, inputs: [[1, 9, 5, 5]])
        #expect(tile.inputs == [Region([0..<1, 3..<6, 0..<5, 0..<5])])
        #expect(tile.parameters["weight"] == Region([4..<8, 0..<3, 0..<3, 0..<3]))
        #expect(throws: TesseraError.self) {
            try op.tile(Region([0..<1, 3..<8, 0..<5, 0..<5]), ofOutput: 0, inputs: [[1, 9, 5, 5]])
        }
    }

    @Test("keys that contradict each other or the input are refused")
    func badConfigurations() throws {
        let registry = Registry<any Operator>.builtin
        let error = #expect(throws: TesseraError.self) {
            try registry.make("conv", .map([("chanels", 3.configuration), ("kernel", 3.configuration)]))
        }
        #expect(error?.message == "unknown key 'chanels', did you mean 'channels'?")
        #expect(throws: TesseraError.self) { try registry.make("conv", .map([("kernel", 3.configuration)])) }
        #expect(throws: TesseraError.self) { try conv(8, [3, 3, 3]).outputShapes(for: [[1, 1, 5, 5]]) }
        #expect(throws: TesseraError.self) { try conv(8, 0).outputShapes(for: [[1, 1, 5, 5]]) }
        #expect(throws: TesseraError.self) { try conv(8, 3, stride: 0).outputShapes(for: [[1, 1, 5, 5]]) }
    }

    private func conv(
        _ channels: Int, _ kernel: PerAxis, stride: PerAxis = 1, padding: Padding = .explicit([0]),
        dilation: PerAxis = 1, groups: Int = 1, bias: Bool = true
    ) -> Conv {
        var op = Conv()
        (op.channels, op.kernel, op.stride, op.padding) = (channels, kernel, stride, padding)
        (op.dilation, op.groups, op.bias) = (dilation, groups, bias)
        return op
    }
}
