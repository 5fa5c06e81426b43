import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct LocalResponseNormTests {
    @Test("odd and even sizes, ranks and types")
    func conformance() throws {
        var strong = op(3)
        (strong.alpha, strong.beta, strong.bias) = (0.5, 1, 2)
        try checkOperator([
            OperatorCase(op(5), [1, 16, 13, 17]), OperatorCase(op(5), [2, 96, 5, 7]),
            OperatorCase(op(4), [1, 7, 5, 6]),
            OperatorCase(strong, [2, 5, 9]), OperatorCase(strong, [1, 8, 3, 4, 5]),
            OperatorCase(strong, [1, 32, 9, 8]),
            OperatorCase(strong, [1, 3, 9, 8]), OperatorCase(op(1), [1, 3, 4, 4]), OperatorCase(op(9), [1, 3, 4, 4]),
            OperatorCase(strong, [3, 4]), OperatorCase(strong, [3, 4, 2, 2], types: [.f64]),
            OperatorCase(strong, [3, 4, 2, 2], types: [.f16]),
        ])
    }

    @Test("an even size takes one more channel after than before; by hand")
    func byHand() throws {
        var op = op(2)
        (op.alpha, op.beta, op.bias) = (2, 1, 1)
        // Divisors 1 + 1 + 4, 1 + 4 + 9, 1 + 9.
        let x = try Tensor([1, 2, 3], shape: [1, 3, 1])
        #expect(try op.forward([x], parameters: [:])[0].floats() == [1 / 6.0, 2 / 14.0, 3 / 10.0])
        op.size = 3
        op.alpha = 3
        #expect(try op.forward([x], parameters: [:])[0].floats() == [1 / 6.0, 2 / 15.0, 3 / 14.0])
    }

    @Test("channels cannot be cut")
    func refused() {
        expectError(.notSupported) { try op(3).tile(Region([0..<1, 0..<2, 0..<2]), ofOutput: 0, inputs: [[1, 4, 2]]) }
        expectError(.invalidArgument) { try op(0).validate() }
        expectError(.shapeMismatch) { try op(3).outputShapes(for: [[3]]) }
    }

    private func op(_ size: Int) -> LocalResponseNorm {
        var op = LocalResponseNorm()
        op.size = size
        return op
    }
}
