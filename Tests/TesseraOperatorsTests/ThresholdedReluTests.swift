import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ThresholdedReluTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(ThresholdedRelu(), [1, 16, 7, 11]),
            OperatorCase(ThresholdedRelu(), [2, 3, 5, 5]),
            OperatorCase(ThresholdedRelu(), [4, 9]),
            OperatorCase(ThresholdedRelu(), [1, 2, 3, 4, 5]),
            OperatorCase(ThresholdedRelu(), [7]),
            OperatorCase(ThresholdedRelu(), []),
            OperatorCase(ThresholdedRelu(), [2, 0, 3]),
            OperatorCase(ThresholdedRelu(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(ThresholdedRelu(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(ThresholdedRelu(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 1, 1.5], .f64)
        let y = try ThresholdedRelu().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0, 0, 1.5]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try ThresholdedRelu().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
