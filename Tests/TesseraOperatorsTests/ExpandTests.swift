import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ExpandTests {
    @Test("axes of size 1, new axes, and axes that the shape leaves as they are")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Expand(shape: [2, 3, 5, 7]), [3, 1, 7]), OperatorCase(Expand(shape: [5, 7]), [2, 3, 1, 1]),
            OperatorCase(Expand(shape: [3, 1, 1]), [1, 1, 5, 7], types: [.i64]), OperatorCase(Expand(shape: [4]), []),
            OperatorCase(Expand(shape: [1, 16, 7, 11]), [1, 16, 1, 1]), OperatorCase(Expand(shape: [1, 1]), [2, 3]),
            OperatorCase(Expand(shape: [2, 0]), [2, 1], types: [.bool]),
            OperatorCase(Expand(shape: [2, 1, 3, 4, 5]), [2, 1, 4, 1], types: [.f16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([1, 2], shape: [2, 1])
        let y = try Expand(shape: [2, 1, 3]).forward([x], parameters: [:])[0]
        #expect(y.shape == [2, 2, 3])
        #expect(try y.floats() == [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2])
    }

    @Test("the shape may be an input, and the same shape is no layer")
    func controlInputs() throws {
        let x = try Tensor.reals([1, 2])
        #expect(try runLayer(Expand(), [x, .integers([2, 2])], known: [1])[0].floats() == [1, 2, 1, 2])
        #expect(try boundLayer(Expand(), [x, .integers([1])], known: [1]).graph.nodes.isEmpty)
        expectError(.outOfMemory) { try runLayer(Expand(), [x, .integers([1 << 31, 1 << 31, 2])], known: [1]) }
    }

    @Test func badShapes() {
        #expect(throws: TesseraError.self) { try Expand(shape: [3]).outputShapes(for: [[2]]) }
        #expect(throws: TesseraError.self) { try Expand(shape: [-1]).validate() }
        expectError(.invalidArgument, "misses its 'shape'") { try Expand().outputShapes(for: [[2]]) }
    }
}
