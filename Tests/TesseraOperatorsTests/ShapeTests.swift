import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ShapeTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(ShapeOf(), [1, 2, 5, 7]), OperatorCase(ShapeOf(), []), OperatorCase(ShapeOf(), [2, 0]),
            OperatorCase(ShapeOf(start: 1, end: -1), [1, 2, 3, 4, 5], types: [.bool]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor(zeros: [2, 3, 5])
        func shape(_ start: Int, _ end: Int?) throws -> [Int64] {
            try ShapeOf(start: start, end: end).forward([x], parameters: [:])[0].integers()
        }
        #expect(try shape(0, nil) == [2, 3, 5])
        #expect(try shape(1, nil) == [3, 5])
        #expect(try shape(-2, -1) == [3])
        #expect(try shape(-9, 9) == [2, 3, 5])
        #expect(try shape(2, 1) == [])
    }

    @Test("it is known without the input's elements")
    func folding() throws {
        let bound = try boundLayer(ShapeOf(), [Tensor(zeros: [2, 3])])
        #expect(bound.graph.nodes.map(\.op.name) == ["constant"])
        #expect(try runLayer(ShapeOf(), [Tensor(zeros: [2, 3])]) == [Tensor.integers([2, 3])])
    }
}
