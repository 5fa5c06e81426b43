import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SignTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Sign(), [1, 16, 7, 11]),
            OperatorCase(Sign(), [2, 3, 5, 5]),
            OperatorCase(Sign(), [4, 9]),
            OperatorCase(Sign(), [1, 2, 3, 4, 5]),
            OperatorCase(Sign(), [7]),
            OperatorCase(Sign(), []),
            OperatorCase(Sign(), [2, 0, 3]),
            OperatorCase(Sign(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Sign(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Sign(), [1, 3, 4, 5], types: [.bf16]),
            OperatorCase(Sign(), [2, 3, 4, 5], types: [.i64]),
            OperatorCase(Sign(), [2, 7], types: [.i8]),
            OperatorCase(Sign(), [2, 7], types: [.u8]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-1.5, 0, 7], .f64)
        let y = try Sign().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-1, 0, 1]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("integers wrap around")
    func integers() throws {
        let x = try Tensor.integers([.min, 0, 7])
        #expect(try Sign().forward([x], parameters: [:])[0].integers() == [-1, 0, 1])
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Sign().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
