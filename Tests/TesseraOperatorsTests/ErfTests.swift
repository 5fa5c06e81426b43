import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ErfTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Erf(), [1, 16, 7, 11]),
            OperatorCase(Erf(), [2, 3, 5, 5]),
            OperatorCase(Erf(), [4, 9]),
            OperatorCase(Erf(), [1, 2, 3, 4, 5]),
            OperatorCase(Erf(), [7]),
            OperatorCase(Erf(), []),
            OperatorCase(Erf(), [2, 0, 3]),
            OperatorCase(Erf(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Erf(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Erf(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-1, 0, 0.3, .infinity], .f64)
        let y = try Erf().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-0.8427007929497149, 0, 0.3286267594591274, 1]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Erf().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
