import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct MishTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Mish(), [1, 16, 7, 11]),
            OperatorCase(Mish(), [2, 3, 5, 5]),
            OperatorCase(Mish(), [4, 9]),
            OperatorCase(Mish(), [1, 2, 3, 4, 5]),
            OperatorCase(Mish(), [7]),
            OperatorCase(Mish(), []),
            OperatorCase(Mish(), [2, 0, 3]),
            OperatorCase(Mish(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Mish(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Mish(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 1, 1000], .f64)
        let y = try Mish().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-0.2525014826957089, 0, 0.8650983882673103, 1000]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Mish().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
