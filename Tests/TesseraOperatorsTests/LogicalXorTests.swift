import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct LogicalXorTests {
    @Test("equal shapes, axes of size 1, and axes that are missing")
    func conformance() throws {
        try checkOperator([
            OperatorCase(LogicalXor(), [1, 16, 7, 11], [1, 16, 7, 11], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [2, 3, 5, 5], [2, 3, 1, 1], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [1, 3, 1, 1], [2, 3, 5, 7], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [2, 1, 5, 1], [1, 3, 1, 7], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [2, 3, 4, 5], [5], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [4, 1], [2, 3, 1, 5], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [2, 3, 5, 7], [], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [], [2, 16, 5, 7], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [], [], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [2, 0, 3], [1, 3], types: [.bool, .bool]),
            OperatorCase(LogicalXor(), [1, 2, 3, 4, 5], [3, 1, 5], types: [.bool, .bool]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor.integers([0, 0, 1, 1], .bool), try Tensor.integers([0, 1, 0, 1], .bool))
        let y = try LogicalXor().forward([a, b], parameters: [:])[0]
        #expect(try y.elements(Truth.self).map(\.isTrue) == [false, true, true, false])
    }

    @Test func shapesThatDiffer() {
        #expect(throws: TesseraError.self) { try LogicalXor().outputShapes(for: [[1, 2], [1, 3]]) }
        #expect(throws: TesseraError.self) { try LogicalXor().outputShapes(for: [[1, 2], [4, 3]]) }
    }

    @Test func typesThatAreNoTruth() {
        expectError(.notSupported, "not supported for i64") { try LogicalXor().outputTypes(for: [.i64, .i64]) }
    }
}
