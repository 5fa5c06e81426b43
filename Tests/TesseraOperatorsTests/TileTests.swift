import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct TileTests {
    @Test("repetitions along any axis, and none")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Repeat(repeats: [1, 1, 3, 2]), [1, 3, 5, 7]),
            OperatorCase(Repeat(repeats: [2, 3, 1, 1]), [1, 16, 5, 7]),
            OperatorCase(Repeat(repeats: [1, 1, 1, 1]), [1, 3, 5, 7]), OperatorCase(Repeat(repeats: []), []),
            OperatorCase(Repeat(repeats: [2, 0]), [2, 3]), OperatorCase(Repeat(repeats: [4]), [3], types: [.i64]),
            OperatorCase(Repeat(repeats: [1, 2, 1, 2, 3]), [1, 2, 3, 4, 1], types: [.bool]),
            OperatorCase(Repeat(repeats: [2, 2]), [0, 3], types: [.f16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([1, 2, 3, 4], shape: [2, 2])
        let y = try Repeat(repeats: [2, 2]).forward([x], parameters: [:])[0]
        #expect(try y.floats() == [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4])
    }

    @Test("repeats may be an input, and once is no layer")
    func controlInputs() throws {
        let x = try Tensor.reals([1, 2])
        #expect(try runLayer(Repeat(), [x, .integers([2])], known: [1])[0].floats() == [1, 2, 1, 2])
        #expect(try boundLayer(Repeat(), [x, .integers([1])], known: [1]).graph.nodes.isEmpty)
        expectError(.outOfMemory) {
            try runLayer(Repeat(), [.reals([1], shape: [1, 1]), .integers([.max, .max])], known: [1])
        }
    }

    @Test func badRepeats() {
        expectError(.shapeMismatch, "for each axis of an input of 2x2") {
            try Repeat(repeats: [2]).outputShapes(for: [[2, 2]])
        }
        #expect(throws: TesseraError.self) { try Repeat(repeats: [-1]).validate() }
        #expect(throws: TesseraError.self) { try Repeat().outputShapes(for: [[2, 2]]) }
    }
}
