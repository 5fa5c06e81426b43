import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SigmoidTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Sigmoid(), [1, 16, 7, 11]),
            OperatorCase(Sigmoid(), [2, 3, 5, 5]),
            OperatorCase(Sigmoid(), [4, 9]),
            OperatorCase(Sigmoid(), [1, 2, 3, 4, 5]),
            OperatorCase(Sigmoid(), [7]),
            OperatorCase(Sigmoid(), []),
            OperatorCase(Sigmoid(), [2, 0, 3]),
            OperatorCase(Sigmoid(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Sigmoid(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Sigmoid(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 3, -.infinity, .infinity, -1000, 1000], .f64)
        let y = try Sigmoid().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0.11920292202211755, 0.5, 0.9525741268224334, 0, 1, 0, 1]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Sigmoid().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
