import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct Relu6Tests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Relu6(), [1, 16, 7, 11]),
            OperatorCase(Relu6(), [2, 3, 5, 5]),
            OperatorCase(Relu6(), [4, 9]),
            OperatorCase(Relu6(), [1, 2, 3, 4, 5]),
            OperatorCase(Relu6(), [7]),
            OperatorCase(Relu6(), []),
            OperatorCase(Relu6(), [2, 0, 3]),
            OperatorCase(Relu6(), [1, 3, 4, 5], types: [.f64]),
            OperatorCase(Relu6(), [1, 3, 4, 5], types: [.f16]),
            OperatorCase(Relu6(), [1, 3, 4, 5], types: [.bf16]),
            OperatorCase(Relu6(), [2, 3, 4, 5], types: [.i64]),
            OperatorCase(Relu6(), [2, 7], types: [.i8]),
            OperatorCase(Relu6(), [2, 7], types: [.u8]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([-2, 0, 3, 7], .f64)
        let y = try Relu6().forward([x], parameters: [:])[0].reals()
        let expected: [Double] = [0, 0, 3, 6]
        #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) < 1e-9 }, "found \(y)")
    }

    @Test("integers wrap around")
    func integers() throws {
        let x = try Tensor.integers([.min, 3, .max])
        #expect(try Relu6().forward([x], parameters: [:])[0].integers() == [0, 3, 6])
    }

    @Test("what is not a number remains that")
    func notANumber() throws {
        let y = try Relu6().forward([.reals([.nan])], parameters: [:])[0]
        #expect(y.reals()[0].isNaN)
    }
}
