import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct HardSigmoidTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(HardSigmoid(), [1, 16, 7, 11]),
            OperatorCase(HardSigmoid(), [2, 3, 5, 5]),
            OperatorCase(HardSigmoid(), [4, 9]),
            OperatorCase(HardSigmoid(), [1, 2, 3, 4, 5]),
            OperatorCase(HardSigmoid(), [7]),
            OperatorCase(HardSigmoid(), []),
            OperatorCase(HardSigmoid(), [2, 0, 3]),
            OperatorCase(HardSigmoid(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(HardSigmoid(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(HardSigmoid(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-3, 0, 1.5, 9], .f64)
        let y = try HardSigmoid().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0, 0.5, 0.75, 1]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try HardSigmoid().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
