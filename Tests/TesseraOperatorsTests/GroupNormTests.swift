import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct GroupNormTests {
    @Test("ranks, types, numbers of groups")
    func conformance() throws {
        var plain = op(2)
        plain.affine = false
        try checkOperator([
            OperatorCase(op(4), [1, 16, 13, 17]), OperatorCase(op(1), [2, 3, 32, 33]), OperatorCase(op(3), [2, 3, 9]),
            OperatorCase(plain, [2, 4, 3, 3, 5]), OperatorCase(op(2), [3, 4]),
            OperatorCase(op(2), [3, 4], types: [.f64]),
            OperatorCase(op(2), [3, 4, 2], types: [.bf16]),
        ])
    }

    @Test("the mean over two channels, weights for each, by hand")
    func byHand() throws {
        var op = op(2)
        op.epsilon = 0
        let x = try Tensor([1, 3, 5, 7], shape: [1, 4])
        let parameters = [
            "weight": try Tensor([1, 2, 3, 4], shape: [4]), "bias": try Tensor([0, 0, 0, 1], shape: [4]),
        ]
        #expect(try op.forward([x], parameters: parameters)[0].floats() == [-1, 2, -3, 5])
    }

    @Test("weights for groups instead of channels are repeated")
    func groupWeights() throws {
        var op = op(2)
        op.epsilon = 0
        let x = try Tensor([1, 3, 5, 7], shape: [1, 4])
        let inputs = [x, try Tensor([1, 2], shape: [2]), try Tensor([0, 1], shape: [2])]
        #expect(try runLayer(op, inputs, known: [1, 2])[0].floats() == [-1, 1, -1, 3])
    }

    @Test("channels that cannot be divided are refused")
    func badGroups() {
        expectError(.shapeMismatch) { try op(3).outputShapes(for: [[1, 4, 2]]) }
        expectError(.invalidArgument) { try op(0).validate() }
    }

    private func op(_ groups: Int) -> GroupNorm {
        var op = GroupNorm()
        op.groups = groups
        return op
    }
}
