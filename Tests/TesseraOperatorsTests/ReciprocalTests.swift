import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ReciprocalTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Reciprocal(), [1, 16, 7, 11]),
            OperatorCase(Reciprocal(), [2, 3, 5, 5]),
            OperatorCase(Reciprocal(), [4, 9]),
            OperatorCase(Reciprocal(), [1, 2, 3, 4, 5]),
            OperatorCase(Reciprocal(), [7]),
            OperatorCase(Reciprocal(), []),
            OperatorCase(Reciprocal(), [2, 0, 3]),
            OperatorCase(Reciprocal(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Reciprocal(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Reciprocal(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([4, 0, -0.5], .f64)
        let y = try Reciprocal().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0.25, .infinity, -2]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Reciprocal().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
