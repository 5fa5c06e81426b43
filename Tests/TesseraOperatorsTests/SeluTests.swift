import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SeluTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Selu(), [1, 16, 7, 11]),
            OperatorCase(Selu(), [2, 3, 5, 5]),
            OperatorCase(Selu(), [4, 9]),
            OperatorCase(Selu(), [1, 2, 3, 4, 5]),
            OperatorCase(Selu(), [7]),
            OperatorCase(Selu(), []),
            OperatorCase(Selu(), [2, 0, 3]),
            OperatorCase(Selu(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Selu(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Selu(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 3], .f64)
        let y = try Selu().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-1.5201664733475926, 0, 3.152103066444397]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Selu().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
