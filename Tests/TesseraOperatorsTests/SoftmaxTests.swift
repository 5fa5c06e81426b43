import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct SoftmaxTests {
    @Test func conformance() throws {
        var last = Softmax()
        last.axis = -1
        try checkOperator([
            OperatorCase(Softmax(), [3, 10]), OperatorCase(Softmax(), [1, 17, 5, 7]), OperatorCase(last, [2, 3, 4, 5]),
            OperatorCase(last, [7]), OperatorCase(Softmax(), [2, 3, 4, 5, 3]),
            OperatorCase(last, [2, 3, 4, 5, 3, 2, 2]),
            OperatorCase(Softmax(), [2, 3, 4], types: [.f16]), OperatorCase(last, [3, 4], types: [.f64]),
            OperatorCase(last, [3, 4], types: [.bf16]), OperatorCase(Softmax(), [2, 0, 3]),
        ])
    }

    @Test("large inputs do not overflow; e^0 and e^ln 3 give a quarter and three quarters")
    func byHand() throws {
        let x = try Tensor([1000, 1000 + 1.0986123], shape: [1, 2])
        let y = try Softmax().forward([x], parameters: [:])[0].floats()
        #expect(abs(y[0] - 0.25) < 1e-4 && abs(y[1] - 0.75) < 1e-4)
    }
}
