import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SubtractTests {
    @Test("equal shapes, axes of size 1, and axes that are missing")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Subtract(), [1, 16, 7, 11], [1, 16, 7, 11]),
            OperatorCase(Subtract(), [2, 3, 5, 5], [2, 3, 1, 1]),
            OperatorCase(Subtract(), [1, 3, 1, 1], [2, 3, 5, 7]),
            OperatorCase(Subtract(), [2, 1, 5, 1], [1, 3, 1, 7]),
            OperatorCase(Subtract(), [2, 3, 4, 5], [5]),
            OperatorCase(Subtract(), [4, 1], [2, 3, 1, 5]),
            OperatorCase(Subtract(), [2, 3, 5, 7], []),
            OperatorCase(Subtract(), [], [2, 16, 5, 7]),
            OperatorCase(Subtract(), [], []),
            OperatorCase(Subtract(), [2, 0, 3], [1, 3]),
            OperatorCase(Subtract(), [1, 2, 3, 4, 5], [3, 1, 5]),
            OperatorCase(Subtract(), [2, 3, 4, 5], [3, 1, 1], types: [.f64, .f64]),
            OperatorCase(Subtract(), [2, 3, 4, 5], [3, 1, 1], types: [.f16, .f16]),
            OperatorCase(Subtract(), [2, 3, 4, 5], [3, 1, 1], types: [.i64, .i64]),
            OperatorCase(Subtract(), [2, 3, 4, 5], [3, 1, 1], types: [.i32, .i32]),
            OperatorCase(Subtract(), [2, 3, 4, 5], [3, 1, 1], types: [.u8, .u8]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2, 3, 4], shape: [2, 2]), try Tensor([10, 20], shape: [1, 2]))
        #expect(try Subtract().forward([a, b], parameters: [:])[0].floats() == [-9, -18, -7, -16])
    }

    @Test func shapesThatDiffer() {
        #expect(throws: TesseraError.self) { try Subtract().outputShapes(for: [[1, 2], [1, 3]]) }
        #expect(throws: TesseraError.self) { try Subtract().outputShapes(for: [[1, 2], [4, 3]]) }
    }

    @Test("integers wrap around")
    func wrapping() throws {
        let (a, b) = (try Tensor.integers([.min, 1]), try Tensor.integers([1, 2]))
        #expect(try Subtract().forward([a, b], parameters: [:])[0].integers() == [.max, -1])
    }
}
