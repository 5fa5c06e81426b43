import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct DivideTests {
    @Test("equal shapes, axes of size 1, and axes that are missing")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Divide(), [1, 16, 7, 11], [1, 16, 7, 11]),
            OperatorCase(Divide(), [2, 3, 5, 5], [2, 3, 1, 1]),
            OperatorCase(Divide(), [1, 3, 1, 1], [2, 3, 5, 7]),
            OperatorCase(Divide(), [2, 1, 5, 1], [1, 3, 1, 7]),
            OperatorCase(Divide(), [2, 3, 4, 5], [5]),
            OperatorCase(Divide(), [4, 1], [2, 3, 1, 5]),
            OperatorCase(Divide(), [2, 3, 5, 7], []),
            OperatorCase(Divide(), [], [2, 16, 5, 7]),
            OperatorCase(Divide(), [], []),
            OperatorCase(Divide(), [2, 0, 3], [1, 3]),
            OperatorCase(Divide(), [1, 2, 3, 4, 5], [3, 1, 5]),
            OperatorCase(Divide(), [2, 3, 4, 5], [3, 1, 1], types: [.f64, .f64]),
            OperatorCase(Divide(), [2, 3, 4, 5], [3, 1, 1], types: [.f16, .f16]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2, 3, 4], shape: [2, 2]), try Tensor([2, 4], shape: [1, 2]))
        #expect(try Divide().forward([a, b], parameters: [:])[0].floats() == [0.5, 0.5, 1.5, 1])
    }

    @Test func shapesThatDiffer() {
        #expect(throws: TesseraError.self) { try Divide().outputShapes(for: [[1, 2], [1, 3]]) }
        #expect(throws: TesseraError.self) { try Divide().outputShapes(for: [[1, 2], [4, 3]]) }
    }

    @Test("integers drop the fraction, and wrap around")
    func truncation() throws {
        let (a, b) = (try Tensor.integers([7, -7, 7, -7, .min]), try Tensor.integers([2, 2, -2, -2, -1]))
        #expect(try Divide().forward([a, b], parameters: [:])[0].integers() == [3, -3, -3, 3, .min])
    }

    @Test("no integer is divided by zero, but numbers are")
    func zero() throws {
        expectError(.invalidArgument, "divided by zero", "element 1 of 2") {
            try Divide().forward([.integers([1, 2]), .integers([1, 0])], parameters: [:])
        }
        #expect(
            try Divide().forward([.reals([1, -1]), .reals([0])], parameters: [:])[0].reals() == [.infinity, -.infinity])
    }
}
