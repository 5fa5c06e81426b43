import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct BatchNormTests {
    @Test func conformance() throws {
        var exact = BatchNorm()
        exact.epsilon = 0
        try checkOperator([
            OperatorCase(BatchNorm(), [1, 64, 17, 13]), OperatorCase(exact, [2, 3, 8, 9]), OperatorCase(exact, [5, 7]),
            OperatorCase(exact, [5]), OperatorCase(exact, [2, 3, 5]), OperatorCase(BatchNorm(), [1, 4, 3, 4, 5]),
            OperatorCase(BatchNorm(), [1, 2, 3, 2, 3, 2, 2]), OperatorCase(exact, [2, 3, 5], types: [.f16]),
            OperatorCase(exact, [2, 3, 5], types: [.f64]),
        ])
    }

    @Test("(x - mean) / sqrt(variance + epsilon) * weight + bias, by hand")
    func byHand() throws {
        var op = BatchNorm()
        op.epsilon = 1
        func vector(_ value: Float) throws -> Tensor { try Tensor([value], shape: [1]) }
        let parameters = [
            "weight": try vector(4), "bias": try vector(1), "running_mean": try vector(3), "running_var": try vector(3),
        ]
        let x = try Tensor([3, 5], shape: [1, 1, 1, 2])
        #expect(try op.forward([x], parameters: parameters)[0].floats() == [1, 5])
    }
}
