import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct LogTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Log(), [1, 16, 7, 11]),
            OperatorCase(Log(), [2, 3, 5, 5]),
            OperatorCase(Log(), [4, 9]),
            OperatorCase(Log(), [1, 2, 3, 4, 5]),
            OperatorCase(Log(), [7]),
            OperatorCase(Log(), []),
            OperatorCase(Log(), [2, 0, 3]),
            OperatorCase(Log(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Log(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Log(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([1, 2.718281828459045, 0, .infinity], .f64)
        let y = try Log().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0, 1, -.infinity, .infinity]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Log().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
