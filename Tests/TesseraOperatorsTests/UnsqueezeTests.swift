import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct UnsqueezeTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Unsqueeze(axes: [0]), [16, 7, 11]),
            OperatorCase(Unsqueeze(axes: [1, -1]), [2, 5, 7], types: [.i64]),
            OperatorCase(Unsqueeze(axes: [2]), [2, 3, 5, 7]), OperatorCase(Unsqueeze(axes: [0, 1]), []),
            OperatorCase(Unsqueeze(axes: [4]), [2, 3, 5, 7]), OperatorCase(Unsqueeze(axes: []), [2, 3]),
            OperatorCase(Unsqueeze(axes: [1]), [2, 0], types: [.bool]),
        ])
    }

    @Test func shapes() throws {
        #expect(try Unsqueeze(axes: [0, -1]).outputShapes(for: [[2, 3]]) == [[1, 2, 3, 1]])
        #expect(try Unsqueeze(axes: [3, 1]).outputShapes(for: [[2, 3]]) == [[2, 1, 3, 1]])
        expectError(.invalidArgument, "different axes") { try Unsqueeze(axes: [0, -3]).outputShapes(for: [[2]]) }
        #expect(throws: TesseraError.self) { try Unsqueeze(axes: [2]).outputShapes(for: [[2]]) }
        expectError(.invalidArgument, "misses its 'axes'") { try Unsqueeze().outputShapes(for: [[2]]) }
    }

    @Test("axes may be an input, and without any there is no layer")
    func controlInputs() throws {
        let x = try Tensor.reals([1, 2])
        #expect(try runLayer(Unsqueeze(), [x, .integers([0, 2])], known: [1])[0].shape == [1, 2, 1])
        #expect(try boundLayer(Unsqueeze(), [x, .integers([])], known: [1]).graph.nodes.isEmpty)
    }
}
