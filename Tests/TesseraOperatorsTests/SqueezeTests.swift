import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SqueezeTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Squeeze(axes: [0]), [1, 16, 7, 11]), OperatorCase(Squeeze(axes: nil), [1, 3, 1, 5]),
            OperatorCase(Squeeze(axes: [1, -1]), [2, 1, 5, 7, 1], types: [.i64]),
            OperatorCase(Squeeze(axes: [1]), [2, 1, 5, 7, 3]), OperatorCase(Squeeze(axes: nil), [1, 1]),
            OperatorCase(Squeeze(axes: []), [1, 2, 3]), OperatorCase(Squeeze(axes: [0]), [1, 0], types: [.bool]),
            OperatorCase(Squeeze(axes: nil), []), OperatorCase(Squeeze(axes: nil), [2, 3, 1, 5, 7]),
        ])
    }

    @Test func shapes() throws {
        #expect(try Squeeze(axes: nil).outputShapes(for: [[1, 3, 1, 5]]) == [[3, 5]])
        #expect(try Squeeze(axes: [-2]).outputShapes(for: [[1, 3, 1, 5]]) == [[1, 3, 5]])
        expectError(.shapeMismatch, "axis 1 to have one element") {
            try Squeeze(axes: [1]).outputShapes(for: [[1, 3]])
        }
        #expect(throws: TesseraError.self) { try Squeeze(axes: [4]).outputShapes(for: [[1, 3]]) }
    }

    @Test("axes may be an input, and without any there is no layer")
    func controlInputs() throws {
        let x = try Tensor.reals([1, 2], shape: [1, 2, 1])
        #expect(try runLayer(Squeeze(axes: nil), [x, .integers([0])], known: [1])[0].shape == [2, 1])
        #expect(try boundLayer(Squeeze(axes: nil), [x, .integers([])], known: [1]).graph.nodes.isEmpty)
    }
}
