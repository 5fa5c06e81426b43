import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ReluTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Relu(), [1, 16, 7, 11]),
            OperatorCase(Relu(), [2, 3, 5, 5]),
            OperatorCase(Relu(), [4, 9]),
            OperatorCase(Relu(), [1, 2, 3, 4, 5]),
            OperatorCase(Relu(), [7]),
            OperatorCase(Relu(), []),
            OperatorCase(Relu(), [2, 0, 3]),
            OperatorCase(Relu(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Relu(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Relu(), [1, 3, 4, 5], types: [.bf16]),
            OperatorCase(Relu(), [2, 3, 4, 5], types: [.i64]),
            OperatorCase(Relu(), [2, 7], types: [.i8]),
            OperatorCase(Relu(), [2, 7], types: [.u8]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 3], .f64)
        let y = try Relu().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0, 0, 3]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("integers wrap around")
    func integers() throws {
        let x = try Tensor.integers([.min, -1, 0, .max])
        #expect(try Relu().forward([x], parameters: [:])[0].integers() == [0, 0, 0, .max])
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Relu().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
