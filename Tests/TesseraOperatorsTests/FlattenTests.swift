import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct FlattenTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Flatten(), [2, 16, 3, 5]), OperatorCase(Flatten(), [1, 3, 1, 1]),
            OperatorCase(Flatten(), [2, 7]), OperatorCase(Flatten(axis: 0, lastAxis: 1), [2, 3, 4, 5]),
            OperatorCase(Flatten(axis: -3, lastAxis: -2), [2, 3, 4, 5], types: [.i64]),
            OperatorCase(Flatten(axis: 0), [2, 0, 3]), OperatorCase(Flatten(axis: 2), [1, 2, 3, 4, 5]),
        ])
    }

    @Test("elements keep their row-major order")
    func byHand() throws {
        let x = try Tensor([1, 2, 3, 4], shape: [1, 2, 1, 2])
        let y = try Flatten().forward([x], parameters: [:])[0]
        #expect(y.shape == [1, 4])
        #expect(try y.floats() == [1, 2, 3, 4])
        #expect(try Flatten(axis: 1, lastAxis: 2).outputShapes(for: [[5, 2, 3, 4]]) == [[5, 6, 4]])
    }

    @Test("one axis alone is no layer")
    func elision() throws {
        #expect(try boundLayer(Flatten(axis: 1), [.reals([1, 2], shape: [1, 2])]).graph.nodes.isEmpty)
    }

    @Test func badAxes() {
        #expect(throws: TesseraError.self) { try Flatten(axis: 2, lastAxis: 1).outputShapes(for: [[1, 2, 3]]) }
        #expect(throws: TesseraError.self) { try Flatten(axis: 3).outputShapes(for: [[1, 2, 3]]) }
        #expect(throws: TesseraError.self) { try Flatten(axis: 0).outputShapes(for: [[]]) }
    }
}
