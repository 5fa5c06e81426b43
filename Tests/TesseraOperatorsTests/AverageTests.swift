import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct AverageTests {
    @Test("equal shapes, axes of size 1, and axes that are missing")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Average(), [1, 16, 7, 11], [1, 16, 7, 11]),
            OperatorCase(Average(), [2, 3, 5, 5], [2, 3, 1, 1]),
            OperatorCase(Average(), [1, 3, 1, 1], [2, 3, 5, 7]),
            OperatorCase(Average(), [2, 1, 5, 1], [1, 3, 1, 7]),
            OperatorCase(Average(), [2, 3, 4, 5], [5]),
            OperatorCase(Average(), [4, 1], [2, 3, 1, 5]),
            OperatorCase(Average(), [2, 3, 5, 7], []),
            OperatorCase(Average(), [], [2, 16, 5, 7]),
            OperatorCase(Average(), [], []),
            OperatorCase(Average(), [2, 0, 3], [1, 3]),
            OperatorCase(Average(), [1, 2, 3, 4, 5], [3, 1, 5]),
            OperatorCase(Average(), [2, 3, 4, 5], [3, 1, 1], types: [.f64, .f64]),
            OperatorCase(Average(), [2, 3, 4, 5], [3, 1, 1], types: [.f16, .f16]),
            OperatorCase(Average(), [2, 3, 4, 5]),
            OperatorCase(Average(), [2, 3, 4, 5], [2, 3, 4, 5], [2, 3, 4, 5]),
            OperatorCase(Average(), [2, 1, 4, 5], [3, 1, 1], [4, 1], [], [2, 3, 4, 5]),
            OperatorCase(Average(), [3], [2, 1], [3]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2, 3, 4], shape: [2, 2]), try Tensor([10, 20], shape: [1, 2]))
        #expect(try Average().forward([a, b], parameters: [:])[0].floats() == [5.5, 11, 6.5, 12])
    }

    @Test func shapesThatDiffer() {
        #expect(throws: TesseraError.self) { try Average().outputShapes(for: [[1, 2], [1, 3]]) }
        #expect(throws: TesseraError.self) { try Average().outputShapes(for: [[1, 2], [4, 3]]) }
    }

    @Test("a single input is the result")
    func single() throws {
        #expect(try boundLayer(Average(), [.reals([1, 2])]).graph.nodes.isEmpty)
    }

    @Test("three inputs, of which one is repeated")
    func three() throws {
        let inputs = [try Tensor.reals([1, 2]), try Tensor.reals([4, 5]), try Tensor.reals([1], shape: [])]
        #expect(try Average().forward(inputs, parameters: [:])[0].reals() == [2, 8.0 / 3].map { Double(Float($0)) })
    }
}
