import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ExpTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Exp(), [1, 16, 7, 11]),
            OperatorCase(Exp(), [2, 3, 5, 5]),
            OperatorCase(Exp(), [4, 9]),
            OperatorCase(Exp(), [1, 2, 3, 4, 5]),
            OperatorCase(Exp(), [7]),
            OperatorCase(Exp(), []),
            OperatorCase(Exp(), [2, 0, 3]),
            OperatorCase(Exp(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Exp(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Exp(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, -.infinity, .infinity], .f64)
        let y = try Exp().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0.1353352832366127, 1, 0, .infinity]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Exp().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
