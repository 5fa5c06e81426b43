import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct NegateTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Negate(), [1, 16, 7, 11]),
            OperatorCase(Negate(), [2, 3, 5, 5]),
            OperatorCase(Negate(), [4, 9]),
            OperatorCase(Negate(), [1, 2, 3, 4, 5]),
            OperatorCase(Negate(), [7]),
            OperatorCase(Negate(), []),
            OperatorCase(Negate(), [2, 0, 3]),
            OperatorCase(Negate(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Negate(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Negate(), [1, 3, 4, 5], types: [.bf16]),
            OperatorCase(Negate(), [2, 3, 4, 5], types: [.i64]),
            OperatorCase(Negate(), [2, 7], types: [.i8]),
            OperatorCase(Negate(), [2, 7], types: [.u8]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, .infinity], .f64)
        let y = try Negate().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [2, -.infinity]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("integers wrap around")
    func integers() throws {
        let x = try Tensor.integers([.min, -5, 7])
        #expect(try Negate().forward([x], parameters: [:])[0].integers() == [.min, 5, -7])
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Negate().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
