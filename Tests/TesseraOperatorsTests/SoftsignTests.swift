import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SoftsignTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Softsign(), [1, 16, 7, 11]),
            OperatorCase(Softsign(), [2, 3, 5, 5]),
            OperatorCase(Softsign(), [4, 9]),
            OperatorCase(Softsign(), [1, 2, 3, 4, 5]),
            OperatorCase(Softsign(), [7]),
            OperatorCase(Softsign(), []),
            OperatorCase(Softsign(), [2, 0, 3]),
            OperatorCase(Softsign(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Softsign(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Softsign(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-3, 0, 1], .f64)
        let y = try Softsign().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-0.75, 0, 0.5]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Softsign().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
