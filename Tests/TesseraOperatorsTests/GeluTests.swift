import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct GeluTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Gelu(), [1, 16, 7, 11]),
            OperatorCase(Gelu(), [2, 3, 5, 5]),
            OperatorCase(Gelu(), [4, 9]),
            OperatorCase(Gelu(), [1, 2, 3, 4, 5]),
            OperatorCase(Gelu(), [7]),
            OperatorCase(Gelu(), []),
            OperatorCase(Gelu(), [2, 0, 3]),
            OperatorCase(Gelu(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Gelu(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Gelu(), [1, 3, 4, 5], types: [.bf16]),
            OperatorCase(approximated, [1, 16, 7, 11]),
            OperatorCase(approximated, [2, 3, 5, 5]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 1, 20], .f64)
        let y = try Gelu().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-0.04550026389635842, 0, 0.8413447460685429, 20]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Gelu().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }

    @Test("the approximation by tanh")
    func approximation() throws {
        let y = try approximated.forward([.reals([-2, 0, 1], .f64)], parameters: [:])[0].reals()
        #expect(
            zip(y, [-0.04540230591222494, 0, 0.8411919906082768]).allSatisfy { abs($0 - $1) < 1e-12 }, "found \(y)")
    }

    private var approximated: Gelu {
        var op = Gelu()
        op.approximation = .tanh
        return op
    }
}
