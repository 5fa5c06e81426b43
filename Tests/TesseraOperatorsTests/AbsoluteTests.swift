import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct AbsoluteTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Absolute(), [1, 16, 7, 11]),
            OperatorCase(Absolute(), [2, 3, 5, 5]),
            OperatorCase(Absolute(), [4, 9]),
            OperatorCase(Absolute(), [1, 2, 3, 4, 5]),
            OperatorCase(Absolute(), [7]),
            OperatorCase(Absolute(), []),
            OperatorCase(Absolute(), [2, 0, 3]),
            OperatorCase(Absolute(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Absolute(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Absolute(), [1, 3, 4, 5], types: [.bf16]),
            OperatorCase(Absolute(), [2, 3, 4, 5], types: [.i64]),
            OperatorCase(Absolute(), [2, 7], types: [.i8]),
            OperatorCase(Absolute(), [2, 7], types: [.u8]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, -.infinity], .f64)
        let y = try Absolute().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [2, 0, .infinity]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("integers wrap around")
    func integers() throws {
        let x = try Tensor.integers([.min, -5, 7])
        #expect(try Absolute().forward([x], parameters: [:])[0].integers() == [.min, 5, 7])
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Absolute().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
