import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SoftplusTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Softplus(), [1, 16, 7, 11]),
            OperatorCase(Softplus(), [2, 3, 5, 5]),
            OperatorCase(Softplus(), [4, 9]),
            OperatorCase(Softplus(), [1, 2, 3, 4, 5]),
            OperatorCase(Softplus(), [7]),
            OperatorCase(Softplus(), []),
            OperatorCase(Softplus(), [2, 0, 3]),
            OperatorCase(Softplus(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Softplus(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Softplus(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 1000, -1000, .infinity], .f64)
        let y = try Softplus().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0.1269280110429725, 0.6931471805599453, 1000, 0, .infinity]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Softplus().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
