import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct MultiplyTests {
    @Test("equal shapes, axes of size 1, and axes that are missing")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Multiply(), [1, 16, 7, 11], [1, 16, 7, 11]),
            OperatorCase(Multiply(), [2, 3, 5, 5], [2, 3, 1, 1]),
            OperatorCase(Multiply(), [1, 3, 1, 1], [2, 3, 5, 7]),
            OperatorCase(Multiply(), [2, 1, 5, 1], [1, 3, 1, 7]),
            OperatorCase(Multiply(), [2, 3, 4, 5], [5]),
            OperatorCase(Multiply(), [4, 1], [2, 3, 1, 5]),
            OperatorCase(Multiply(), [2, 3, 5, 7], []),
            OperatorCase(Multiply(), [], [2, 16, 5, 7]),
            OperatorCase(Multiply(), [], []),
            OperatorCase(Multiply(), [2, 0, 3], [1, 3]),
            OperatorCase(Multiply(), [1, 2, 3, 4, 5], [3, 1, 5]),
            OperatorCase(Multiply(), [2, 3, 4, 5], [3, 1, 1], types: [.f64, .f64]),
            OperatorCase(Multiply(), [2, 3, 4, 5], [3, 1, 1], types: [.f16, .f16]),
            OperatorCase(Multiply(), [2, 3, 4, 5], [3, 1, 1], types: [.i64, .i64]),
            OperatorCase(Multiply(), [2, 3, 4, 5], [3, 1, 1], types: [.i32, .i32]),
            OperatorCase(Multiply(), [2, 3, 4, 5], [3, 1, 1], types: [.u8, .u8]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2, 3, 4], shape: [2, 2]), try Tensor([10, 20], shape: [1, 2]))
        #expect(try Multiply().forward([a, b], parameters: [:])[0].floats() == [10, 40, 30, 80])
    }

    @Test func shapesThatDiffer() {
        #expect(throws: TesseraError.self) { try Multiply().outputShapes(for: [[1, 2], [1, 3]]) }
        #expect(throws: TesseraError.self) { try Multiply().outputShapes(for: [[1, 2], [4, 3]]) }
    }

    @Test("integers wrap around")
    func wrapping() throws {
        let (a, b) = (try Tensor.integers([.max, 3]), try Tensor.integers([2, 2]))
        #expect(try Multiply().forward([a, b], parameters: [:])[0].integers() == [-2, 6])
    }
}
