import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct HardSwishTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(HardSwish(), [1, 16, 7, 11]),
            OperatorCase(HardSwish(), [2, 3, 5, 5]),
            OperatorCase(HardSwish(), [4, 9]),
            OperatorCase(HardSwish(), [1, 2, 3, 4, 5]),
            OperatorCase(HardSwish(), [7]),
            OperatorCase(HardSwish(), []),
            OperatorCase(HardSwish(), [2, 0, 3]),
            OperatorCase(HardSwish(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(HardSwish(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(HardSwish(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-4, 0, -1.5, 1.5, 9], .f64)
        let y = try HardSwish().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0, 0, -0.375, 1.125, 9]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try HardSwish().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
