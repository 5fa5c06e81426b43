import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct CeluTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Celu(), [1, 16, 7, 11]),
            OperatorCase(Celu(), [2, 3, 5, 5]),
            OperatorCase(Celu(), [4, 9]),
            OperatorCase(Celu(), [1, 2, 3, 4, 5]),
            OperatorCase(Celu(), [7]),
            OperatorCase(Celu(), []),
            OperatorCase(Celu(), [2, 0, 3]),
            OperatorCase(Celu(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Celu(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Celu(), [1, 3, 4, 5], types: [.bf16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 3], .f64)
        let y = try Celu().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [-0.8646647167633873, 0, 3]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Celu().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }

    @Test("alpha stretches the curve")
    func alpha() throws {
        var op = Celu()
        op.alpha = 2
        #expect(try abs(op.forward([.reals([-2], .f64)], parameters: [:])[0].reals()[0] - -1.2642411176571153) < 1e-12)
        op.alpha = 0
        #expect(throws: TesseraError.self) { try op.validate() }
    }
}
