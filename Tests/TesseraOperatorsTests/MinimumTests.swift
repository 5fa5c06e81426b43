import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct MinimumTests {
    @Test("equal shapes, axes of size 1, and axes that are missing")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Minimum(), [1, 16, 7, 11], [1, 16, 7, 11]),
            OperatorCase(Minimum(), [2, 3, 5, 5], [2, 3, 1, 1]),
            OperatorCase(Minimum(), [1, 3, 1, 1], [2, 3, 5, 7]),
            OperatorCase(Minimum(), [2, 1, 5, 1], [1, 3, 1, 7]),
            OperatorCase(Minimum(), [2, 3, 4, 5], [5]),
            OperatorCase(Minimum(), [4, 1], [2, 3, 1, 5]),
            OperatorCase(Minimum(), [2, 3, 5, 7], []),
            OperatorCase(Minimum(), [], [2, 16, 5, 7]),
            OperatorCase(Minimum(), [], []),
            OperatorCase(Minimum(), [2, 0, 3], [1, 3]),
            OperatorCase(Minimum(), [1, 2, 3, 4, 5], [3, 1, 5]),
            OperatorCase(Minimum(), [2, 3, 4, 5], [3, 1, 1], types: [.f64, .f64]),
            OperatorCase(Minimum(), [2, 3, 4, 5], [3, 1, 1], types: [.f16, .f16]),
            OperatorCase(Minimum(), [2, 3, 4, 5], [3, 1, 1], types: [.i64, .i64]),
            OperatorCase(Minimum(), [2, 3, 4, 5], [3, 1, 1], types: [.i32, .i32]),
            OperatorCase(Minimum(), [2, 3, 4, 5], [3, 1, 1], types: [.u8, .u8]),
            OperatorCase(Minimum(), [2, 3, 4, 5]),
            OperatorCase(Minimum(), [2, 3, 4, 5], [2, 3, 4, 5], [2, 3, 4, 5]),
            OperatorCase(Minimum(), [2, 1, 4, 5], [3, 1, 1], [4, 1], [], [2, 3, 4, 5]),
            OperatorCase(Minimum(), [3], [2, 1], [3]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2, 30, 4], shape: [2, 2]), try Tensor([10, 3], shape: [1, 2]))
        #expect(try Minimum().forward([a, b], parameters: [:])[0].floats() == [1, 2, 10, 3])
    }

    @Test func shapesThatDiffer() {
        #expect(throws: TesseraError.self) { try Minimum().outputShapes(for: [[1, 2], [1, 3]]) }
        #expect(throws: TesseraError.self) { try Minimum().outputShapes(for: [[1, 2], [4, 3]]) }
    }

    @Test("integers beyond 2^53 keep all digits")
    func exact() throws {
        let (a, b) = (try Tensor.integers([.max, .max - 1]), try Tensor.integers([.max - 1, .max]))
        #expect(try Minimum().forward([a, b], parameters: [:])[0].integers() == [.max - 1, .max - 1])
    }

    @Test("a single input is the result")
    func single() throws {
        #expect(try boundLayer(Minimum(), [.reals([1, 2])]).graph.nodes.isEmpty)
    }

    @Test("what is not a number remains that, on either side")
    func notANumber() throws {
        let y = try Minimum().forward([.reals([.nan, 1]), .reals([1, .nan])], parameters: [:])[0].reals()
        #expect(y.map(\.isNaN) == [true, true])
    }
}
