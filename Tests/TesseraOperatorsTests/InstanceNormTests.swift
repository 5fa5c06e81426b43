import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct InstanceNormTests {
    @Test("ranks, types, with and without weights")
    func conformance() throws {
        var plain = InstanceNorm()
        (plain.affine, plain.epsilon) = (false, 0.01)
        try checkOperator([
            OperatorCase(InstanceNorm(), [1, 16, 13, 17]), OperatorCase(InstanceNorm(), [2, 3, 64, 63]),
            OperatorCase(plain, [2, 3, 9]), OperatorCase(InstanceNorm(), [2, 3, 4, 3, 5]),
            OperatorCase(plain, [2, 3, 4, 5]), OperatorCase(InstanceNorm(), [3, 4], types: [.f64]),
            OperatorCase(InstanceNorm(), [2, 3, 4], types: [.f16]), OperatorCase(InstanceNorm(), [1, 1, 1, 1]),
        ])
    }

    @Test("(x - mean) / √(variance + epsilon) · weight + bias, by hand")
    func byHand() throws {
        var op = InstanceNorm()
        op.epsilon = 3
        // Means 3 and 0, variances 1 and 13.
        let x = try Tensor([2, 4, 2, 4, 5, -5, 1, -1], shape: [1, 2, 2, 2])
        let parameters = ["weight": try Tensor([2, 4], shape: [2]), "bias": try Tensor([10, 0], shape: [2])]
        #expect(try op.forward([x], parameters: parameters)[0].floats() == [9, 11, 9, 11, 5, -5, 1, -1])
    }

    @Test("a weight that is given alone adds nothing")
    func weightAlone() throws {
        let x = try Tensor([1, 3], shape: [1, 1, 2])
        var op = InstanceNorm()
        op.epsilon = 0
        #expect(try runLayer(op, [x, Tensor([5], shape: [1])], known: [1])[0].floats() == [-5, 5])
    }

    @Test("channels may be cut, pixels not")
    func tiles() throws {
        let input: Shape = [1, 4, 3, 3]
        let tile = try InstanceNorm().tile(Region([0..<1, 1..<3, 0..<3, 0..<3]), ofOutput: 0, inputs: [input])
        #expect(tile.parameters["bias"] == Region([1..<3]))
        expectError(.notSupported) {
            try InstanceNorm().tile(Region([0..<1, 0..<4, 0..<1, 0..<3]), ofOutput: 0, inputs: [input])
        }
        expectError(.shapeMismatch) { try InstanceNorm().outputShapes(for: [[3]]) }
    }
}
