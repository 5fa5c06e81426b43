import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct RoundTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Round(), [1, 16, 7, 11]),
            OperatorCase(Round(), [2, 3, 5, 5]),
            OperatorCase(Round(), [4, 9]),
            OperatorCase(Round(), [1, 2, 3, 4, 5]),
            OperatorCase(Round(), [7]),
            OperatorCase(Round(), []),
            OperatorCase(Round(), [2, 0, 3]),
            OperatorCase(Round(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Round(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Round(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-1.5, 0.5, 1.5, 2.5, -2.5, 2.4], .f64)
        let y = try Round().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-2, 0, 2, 2, -2, 2]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Round().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
