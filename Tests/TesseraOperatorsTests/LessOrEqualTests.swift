import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct LessOrEqualTests {
    @Test("equal shapes, axes of size 1, and axes that are missing")
    func conformance() throws {
        try checkOperator([
            OperatorCase(LessOrEqual(), [1, 16, 7, 11], [1, 16, 7, 11]),
            OperatorCase(LessOrEqual(), [2, 3, 5, 5], [2, 3, 1, 1]),
            OperatorCase(LessOrEqual(), [1, 3, 1, 1], [2, 3, 5, 7]),
            OperatorCase(LessOrEqual(), [2, 1, 5, 1], [1, 3, 1, 7]),
            OperatorCase(LessOrEqual(), [2, 3, 4, 5], [5]),
            OperatorCase(LessOrEqual(), [4, 1], [2, 3, 1, 5]),
            OperatorCase(LessOrEqual(), [2, 3, 5, 7], []),
            OperatorCase(LessOrEqual(), [], [2, 16, 5, 7]),
            OperatorCase(LessOrEqual(), [], []),
            OperatorCase(LessOrEqual(), [2, 0, 3], [1, 3]),
            OperatorCase(LessOrEqual(), [1, 2, 3, 4, 5], [3, 1, 5]),
            OperatorCase(LessOrEqual(), [2, 3, 4, 5], [3, 1, 1], types: [.f64, .f64]),
            OperatorCase(LessOrEqual(), [2, 3, 4, 5], [3, 1, 1], types: [.f16, .f16]),
            OperatorCase(LessOrEqual(), [2, 3, 4, 5], [3, 1, 1], types: [.i64, .i64]),
            OperatorCase(LessOrEqual(), [2, 3, 4, 5], [3, 1, 1], types: [.i32, .i32]),
            OperatorCase(LessOrEqual(), [2, 3, 4, 5], [3, 1, 1], types: [.u8, .u8]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2, 30, .nan], shape: [2, 2]), try Tensor([10, 2], shape: [1, 2]))
        let y = try LessOrEqual().forward([a, b], parameters: [:])[0]
        #expect(try y.elements(Truth.self).map(\.isTrue) == [true, true, false, false])
    }

    @Test func shapesThatDiffer() {
        #expect(throws: TesseraError.self) { try LessOrEqual().outputShapes(for: [[1, 2], [1, 3]]) }
        #expect(throws: TesseraError.self) { try LessOrEqual().outputShapes(for: [[1, 2], [4, 3]]) }
    }

    @Test("integers beyond 2^53 keep all digits, and unsigned ones have no sign")
    func exact() throws {
        let (a, b) = (try Tensor.integers([.max, 7]), try Tensor.integers([.max - 1, 7]))
        #expect(
            try LessOrEqual().forward([a, b], parameters: [:])[0].elements(Truth.self).map(\.isTrue) == [false, true])
        let (c, d) = (try Tensor.integers([-1, 7], .u64), try Tensor.integers([1, 7], .u64))
        #expect(
            try LessOrEqual().forward([c, d], parameters: [:])[0].elements(Truth.self).map(\.isTrue) == [false, true])
    }
}
