import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct AddTests {
    @Test("equal shapes and axes of size 1")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Add(), [1, 16, 7, 11], [1, 16, 7, 11]), OperatorCase(Add(), [2, 3, 5, 5], [2, 3, 1, 1]),
            OperatorCase(Add(), [1, 3, 1, 1], [2, 3, 5, 7]), OperatorCase(Add(), [2, 1, 5, 1], [1, 3, 1, 7]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2, 3, 4], shape: [2, 2]), try Tensor([10, 20], shape: [1, 2]))
        #expect(try Add().forward([a, b], parameters: [:])[0].floats() == [11, 22, 13, 24])
    }

    @Test func shapesThatDiffer() {
        #expect(throws: TesseraError.self) { try Add().outputShapes(for: [[1, 2], [1, 3]]) }
        #expect(throws: TesseraError.self) { try Add().outputShapes(for: [[1, 2], [4, 3]]) }
    }
}
