import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct TanhTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Tanh(), [1, 16, 7, 11]),
            OperatorCase(Tanh(), [2, 3, 5, 5]),
            OperatorCase(Tanh(), [4, 9]),
            OperatorCase(Tanh(), [1, 2, 3, 4, 5]),
            OperatorCase(Tanh(), [7]),
            OperatorCase(Tanh(), []),
            OperatorCase(Tanh(), [2, 0, 3]),
            OperatorCase(Tanh(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Tanh(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Tanh(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, .infinity], .f64)
        let y = try Tanh().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-0.9640275800758169, 0, 1]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Tanh().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
