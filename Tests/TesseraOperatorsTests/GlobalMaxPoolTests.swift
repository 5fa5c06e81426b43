import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct GlobalMaxPoolTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(GlobalMaxPool(), [1, 64, 8, 8]), OperatorCase(GlobalMaxPool(), [3, 5, 7, 11]),
            OperatorCase(GlobalMaxPool(), [2, 3, 9]), OperatorCase(GlobalMaxPool(), [2, 3, 4, 3, 5]),
            OperatorCase(GlobalMaxPool(), [2, 3, 2, 2, 2, 2]), OperatorCase(GlobalMaxPool(), [2, 3, 4], types: [.i8]),
            OperatorCase(GlobalMaxPool(), [2, 3, 4], types: [.f16]),
        ])
    }

    @Test("the largest of each channel, by hand; what is not a number is passed on")
    func byHand() throws {
        let x = try Tensor([-1, -2, -3, -6, 0, .nan, 0, 8], shape: [1, 2, 2, 2])
        let y = try GlobalMaxPool().forward([x], parameters: [:])[0].floats()
        #expect(y[0] == -1 && y[1].isNaN)
    }

    @Test("an input without pixels is refused")
    func empty() {
        expectError(.shapeMismatch) { try GlobalMaxPool().outputShapes(for: [[1, 2]]) }
        expectError(.shapeMismatch) { try GlobalMaxPool().outputShapes(for: [[1, 2, 0]]) }
    }
}
