import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SwishTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Swish(), [1, 16, 7, 11]),
            OperatorCase(Swish(), [2, 3, 5, 5]),
            OperatorCase(Swish(), [4, 9]),
            OperatorCase(Swish(), [1, 2, 3, 4, 5]),
            OperatorCase(Swish(), [7]),
            OperatorCase(Swish(), []),
            OperatorCase(Swish(), [2, 0, 3]),
            OperatorCase(Swish(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Swish(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Swish(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 1, 1000], .f64)
        let y = try Swish().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-0.2384058440442351, 0, 0.7310585786300049, 1000]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Swish().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }

    @Test("alpha is the slope of the logistic function")
    func alpha() throws {
        var op = Swish()
        op.alpha = 0
        #expect(try op.forward([.reals([-2, 4])], parameters: [:])[0].reals() == [-1, 2])
    }
}
