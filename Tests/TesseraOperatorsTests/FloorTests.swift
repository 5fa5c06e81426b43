import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct FloorTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Floor(), [1, 16, 7, 11]),
            OperatorCase(Floor(), [2, 3, 5, 5]),
            OperatorCase(Floor(), [4, 9]),
            OperatorCase(Floor(), [1, 2, 3, 4, 5]),
            OperatorCase(Floor(), [7]),
            OperatorCase(Floor(), []),
            OperatorCase(Floor(), [2, 0, 3]),
            OperatorCase(Floor(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Floor(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Floor(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-1.5, 1.5, 2], .f64)
        let y = try Floor().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-2, 1, 2]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Floor().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
