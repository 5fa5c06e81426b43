import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct AddTests {
    @Test("equal shapes, axes of size 1, and axes that are missing")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Add(), [1, 16, 7, 11], [1, 16, 7, 11]),
            OperatorCase(Add(), [2, 3, 5, 5], [2, 3, 1, 1]),
            OperatorCase(Add(), [1, 3, 1, 1], [2, 3, 5, 7]),
            OperatorCase(Add(), [2, 1, 5, 1], [1, 3, 1, 7]),
            OperatorCase(Add(), [2, 3, 4, 5], [5]),
            OperatorCase(Add(), [4, 1], [2, 3, 1, 5]),
            OperatorCase(Add(), [2, 3, 5, 7], []),
            OperatorCase(Add(), [], [2, 16, 5, 7]),
            OperatorCase(Add(), [], []),
            OperatorCase(Add(), [2, 0, 3], [1, 3]),
            OperatorCase(Add(), [1, 2, 3, 4, 5], [3, 1, 5]),
            OperatorCase(Add(), [2, 3, 4, 5], [3, 1, 1], types: [.f64, .f64]),
            OperatorCase(Add(), [2, 3, 4, 5], [3, 1, 1], types: [.f16, .f16]),
            OperatorCase(Add(), [2, 3, 4, 5], [3, 1, 1], types: [.i64, .i64]),
            OperatorCase(Add(), [2, 3, 4, 5], [3, 1, 1], types: [.i32, .i32]),
            OperatorCase(Add(), [2, 3, 4, 5], [3, 1, 1], types: [.u8, .u8]),
            OperatorCase(Add(), [2, 3, 4, 5]),
            OperatorCase(Add(), [2, 3, 4, 5], [2, 3, 4, 5], [2, 3, 4, 5]),
            OperatorCase(Add(), [2, 1, 4, 5], [3, 1, 1], [4, 1], [], [2, 3, 4, 5]),
            OperatorCase(Add(), [3], [2, 1], [3]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2, 3, 4], shape: [2, 2]), try Tensor([10, 20], shape: [1, 2]))
        #expect(try Add().forward([a, b], parameters: [:])[0].floats() == [11, 22, 13, 24])
    }

    @Test func shapesThatDiffer() {
        #expect(throws: TesseraError.self) { try Add().outputShapes(for: [[1, 2], [1, 3]]) }
        #expect(throws: TesseraError.self) { try Add().outputShapes(for: [[1, 2], [4, 3]]) }
    }

    @Test("integers wrap around")
    func wrapping() throws {
        let (a, b) = (try Tensor.integers([.max, 1]), try Tensor.integers([1, 2]))
        #expect(try Add().forward([a, b], parameters: [:])[0].integers() == [.min, 3])
    }

    @Test("a single input is the result")
    func single() throws {
        #expect(try boundLayer(Add(), [.reals([1, 2])]).graph.nodes.isEmpty)
    }
}
