import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct CeilTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Ceil(), [1, 16, 7, 11]),
            OperatorCase(Ceil(), [2, 3, 5, 5]),
            OperatorCase(Ceil(), [4, 9]),
            OperatorCase(Ceil(), [1, 2, 3, 4, 5]),
            OperatorCase(Ceil(), [7]),
            OperatorCase(Ceil(), []),
            OperatorCase(Ceil(), [2, 0, 3]),
            OperatorCase(Ceil(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Ceil(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Ceil(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-1.5, 1.5, 2], .f64)
        let y = try Ceil().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-1, 2, 2]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Ceil().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
