import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SqrtTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Sqrt(), [1, 16, 7, 11]),
            OperatorCase(Sqrt(), [2, 3, 5, 5]),
            OperatorCase(Sqrt(), [4, 9]),
            OperatorCase(Sqrt(), [1, 2, 3, 4, 5]),
            OperatorCase(Sqrt(), [7]),
            OperatorCase(Sqrt(), []),
            OperatorCase(Sqrt(), [2, 0, 3]),
            OperatorCase(Sqrt(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Sqrt(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Sqrt(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([4, 0, 2, .infinity], .f64)
        let y = try Sqrt().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [2, 0, 1.4142135623730951, .infinity]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Sqrt().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
