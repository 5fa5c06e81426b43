import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ReshapeTests {
    @Test("copied, inferred and new sizes, of any type")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Reshape(shape: [0, -1]), [2, 3, 4, 5]),
            OperatorCase(Reshape(shape: [2, 16, 1, 77]), [2, 16, 7, 11]),
            OperatorCase(Reshape(shape: [4, 3, 5, 2]), [2, 3, 4, 5], types: [.i64]),
            OperatorCase(Reshape(shape: []), [1, 1], types: [.bool]), OperatorCase(Reshape(shape: [1, 1, 1]), []),
            OperatorCase(Reshape(shape: [-1]), [1, 2, 3, 4, 5], types: [.f16]),
            OperatorCase(Reshape(shape: [0, 5, 2], allowZero: true), [0, 3]),
            OperatorCase(Reshape(shape: [2, 3]), [2, 3]),
        ])
    }

    @Test func shapes() throws {
        func shape(_ shape: [Int], _ input: Shape) throws -> Shape {
            try Reshape(shape: shape).outputShapes(for: [input])[0]
        }
        #expect(try shape([0, -1], [2, 3, 4]) == [2, 12])
        #expect(try shape([4, 0, -1], [2, 3, 4]) == [4, 3, 2])
        #expect(try shape([-1, 2], [0, 3]) == [0, 2])
        expectError(.shapeMismatch, "24 elements of 2x3x4, found [5, -1]") { try shape([5, -1], [2, 3, 4]) }
        expectError(.shapeMismatch, "24 elements of 2x3x4, found [5, 5]") { try shape([5, 5], [2, 3, 4]) }
        expectError(.shapeMismatch, "axis 3") { try shape([24, 1, 1, 0], [2, 3, 4]) }
        expectError(.shapeMismatch) { try shape([.max, .max], [2, 3, 4]) }
        expectError(.invalidArgument, "misses its 'shape'") { try Reshape().outputShapes(for: [[1]]) }
    }

    @Test func badKeys() {
        #expect(throws: TesseraError.self) { try Reshape(shape: [-1, -1]).validate() }
        #expect(throws: TesseraError.self) { try Reshape(shape: [-2]).validate() }
        #expect(throws: TesseraError.self) { try Reshape(shape: [0, -1], allowZero: true).validate() }
    }

    @Test("the shape may be an input, and the same shape is no layer")
    func controlInputs() throws {
        let x = try Tensor.reals([1, 2, 3, 4])
        let y = try runLayer(Reshape(), [x, .integers([2, -1])], known: [1])[0]
        #expect(y.shape == [2, 2])
        #expect(try y.floats() == [1, 2, 3, 4])
        #expect(try boundLayer(Reshape(), [x, .integers([-1])], known: [1]).graph.nodes.isEmpty)
        expectError(.shapeMismatch) { try runLayer(Reshape(), [x, .integers([.max])], known: [1]) }
    }

    @Test("parts along axes that remain")
    func tiles() throws {
        let op = Reshape(shape: [0, 0, -1])
        let tile = try op.tile(Region([0..<1, 2..<3, 0..<6]), ofOutput: 0, inputs: [[1, 4, 2, 3]])
        #expect(tile.inputs == [Region([0..<1, 2..<3, 0..<2, 0..<3])])
        #expect(try tile.op.outputShapes(for: [[1, 1, 2, 3]]) == [[1, 1, 6]])
        #expect(throws: TesseraError.self) {
            try op.tile(Region([0..<1, 2..<3, 0..<5]), ofOutput: 0, inputs: [[1, 4, 2, 3]])
        }
    }
}
