import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct ConcatTests {
    @Test("along channels and along height, where a tile may read some inputs only")
    func conformance() throws {
        var rows = Concat()
        rows.axis = 2
        try checkOperator([
            OperatorCase(Concat(), [1, 16, 7, 11], [1, 16, 7, 11]),
            OperatorCase(Concat(), [2, 3, 5, 5], [2, 4, 5, 5], [2, 1, 5, 5]),
            OperatorCase(rows, [1, 4, 3, 5], [1, 4, 2, 5]), OperatorCase(Concat(), [2, 3], [2, 4]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2], shape: [1, 2]), try Tensor([3], shape: [1, 1]))
        #expect(try Concat().forward([a, b], parameters: [:])[0].floats() == [1, 2, 3])
    }

    @Test func sizesThatDiffer() {
        #expect(throws: TesseraError.self) { try Concat().outputShapes(for: [[1, 2, 3, 3], [1, 2, 4, 3]]) }
    }
}
