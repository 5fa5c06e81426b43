import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SplitTests {
    @Test("equal parts, a smaller last one, given sizes, and empty ones")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Split(parts: 2), [1, 16, 7, 11]), OperatorCase(Split(parts: 3), [2, 16, 5, 7]),
            OperatorCase(Split(axis: 2, sizes: [1, 4]), [1, 3, 5, 7]),
            OperatorCase(Split(axis: -1, parts: 4), [2, 3, 7]),
            OperatorCase(Split(axis: 0, sizes: [2, 0, 1]), [3], types: [.i64]),
            OperatorCase(Split(axis: 1, parts: 1), [2, 3]), OperatorCase(Split(axis: 0, parts: 3), [0, 2]),
            OperatorCase(Split(axis: 3, parts: 2), [1, 2, 3, 4, 5], types: [.f16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([1, 2, 3, 4, 5], shape: [1, 5])
        #expect(try Split(parts: 2).forward([x], parameters: [:]).map { try $0.floats() } == [[1, 2, 3], [4, 5]])
        #expect(
            try Split(sizes: [1, 0, 4]).forward([x], parameters: [:]).map { try $0.floats() } == [
                [1], [], [2, 3, 4, 5],
            ])
    }

    @Test("sizes may be an input if the number of parts is known; one part is no layer")
    func controlInputs() throws {
        let x = try Tensor.reals([1, 2, 3])
        let y = try runLayer(Split(axis: 0, parts: 2), [x, .integers([1, 2])], known: [1])
        #expect(try y.map { try $0.floats() } == [[1], [2, 3]])
        expectError(.invalidArgument, "sizes of 2 parts, found [3]") {
            try runLayer(Split(axis: 0, parts: 2), [x, .integers([3])], known: [1])
        }
        #expect(try boundLayer(Split(axis: 0, parts: 1), [x]).graph.nodes.isEmpty)
    }

    @Test("a part of an output is a part of the input")
    func tiles() throws {
        let op = Split(axis: 1, sizes: [2, 3])
        let tile = try op.tile(Region([0..<1, 1..<3, 0..<4, 2..<5]), ofOutput: 1, inputs: [[1, 5, 6, 7]])
        #expect(tile.inputs == [Region([0..<1, 3..<5, 0..<4, 2..<5])])
    }

    @Test func badKeys() {
        #expect(throws: TesseraError.self) { try Split().validate() }
        for parts in [0, -1, 1 << 20] { #expect(throws: TesseraError.self) { try Split(parts: parts).validate() } }
        #expect(throws: TesseraError.self) { try Split(sizes: [2, -1]).validate() }
        var both = Split(parts: 2)
        both.sizes = [1]
        #expect(throws: TesseraError.self) { try both.validate() }
        expectError(.shapeMismatch, "axis of 5", "[2, 2]") { try Split(sizes: [2, 2]).outputShapes(for: [[1, 5]]) }
        expectError(.shapeMismatch, "4 parts") { try Split(parts: 4).outputShapes(for: [[1, 5]]) }
        #expect(throws: TesseraError.self) { try Split(axis: 2, parts: 1).outputShapes(for: [[1, 5]]) }
    }
}
