import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct LogSoftmaxTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(LogSoftmax(), [3, 10]), OperatorCase(LogSoftmax(), [1, 17, 5, 7]),
            OperatorCase(along(-1), [2, 3, 4, 5]), OperatorCase(along(0), [5]),
            OperatorCase(along(2), [2, 3, 4, 5, 3]),
            OperatorCase(LogSoftmax(), [2, 3, 4], types: [.f16]), OperatorCase(along(-1), [3, 4], types: [.f64]),
            OperatorCase(LogSoftmax(), [2, 0, 3]),
        ])
    }

    @Test("large inputs do not overflow; e^0 and e^ln 3 give the logarithms of a quarter and of three quarters")
    func byHand() throws {
        let x = try Tensor([1000, 1000 + 1.0986123], shape: [1, 2])
        let y = try LogSoftmax().forward([x], parameters: [:])[0].floats()
        #expect(abs(y[0] + 1.3862944) < 1e-4 && abs(y[1] + 0.2876821) < 1e-4)
        let far = try Tensor([0, -200], shape: [1, 2])
        #expect(try LogSoftmax().forward([far], parameters: [:])[0].floats() == [0, -200])
    }

    @Test("an axis that the input does not have is refused, and so is a part of the axis")
    func axes() {
        expectError(.invalidArgument) { try along(2).outputShapes(for: [[2, 3]]) }
        expectError(.notSupported) { try along(1).tile(Region([0..<1, 0..<2]), ofOutput: 0, inputs: [[1, 3]]) }
    }

    private func along(_ axis: Int) -> LogSoftmax {
        var op = LogSoftmax()
        op.axis = axis
        return op
    }
}
