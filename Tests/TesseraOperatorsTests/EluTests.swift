import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct EluTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Elu(), [1, 16, 7, 11]),
            OperatorCase(Elu(), [2, 3, 5, 5]),
            OperatorCase(Elu(), [4, 9]),
            OperatorCase(Elu(), [1, 2, 3, 4, 5]),
            OperatorCase(Elu(), [7]),
            OperatorCase(Elu(), []),
            OperatorCase(Elu(), [2, 0, 3]),
            OperatorCase(Elu(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Elu(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Elu(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 3, -.infinity], .f64)
        let y = try Elu().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-0.8646647167633873, 0, 3, -1]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Elu().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
