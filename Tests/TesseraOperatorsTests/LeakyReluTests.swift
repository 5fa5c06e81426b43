import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct LeakyReluTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(LeakyRelu(), [1, 16, 7, 11]),
            OperatorCase(LeakyRelu(), [2, 3, 5, 5]),
            OperatorCase(LeakyRelu(), [4, 9]),
            OperatorCase(LeakyRelu(), [1, 2, 3, 4, 5]),
            OperatorCase(LeakyRelu(), [7]),
            OperatorCase(LeakyRelu(), []),
            OperatorCase(LeakyRelu(), [2, 0, 3]),
            OperatorCase(LeakyRelu(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(LeakyRelu(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(LeakyRelu(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 3], .f64)
        let y = try LeakyRelu().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-0.019999999552965164, 0, 3]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try LeakyRelu().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
