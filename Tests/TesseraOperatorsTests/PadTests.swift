import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct PadTests {
    @Test("space and channels, a constant, and negative amounts")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Pad(axes: [1], before: [8], after: [8]), [1, 16, 7, 11]),
            OperatorCase(Pad(axes: [2, 3], before: [1, 2], after: [3, 0], value: -1.5), [2, 3, 5, 7]),
            OperatorCase(Pad(axes: [2, 3], before: [-1, 2], after: [2, -3]), [1, 16, 9, 8]),
            OperatorCase(Pad(axes: [2, -1], before: [4, 3], after: [5, 6]), [1, 3, 2, 2]),
            OperatorCase(Pad(axes: [2], before: [0], after: [0]), [1, 3, 4, 4]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([1, 2, 3], shape: [1, 3])
        let op = Pad(axes: [1], before: [2], after: [-1], value: 9)
        #expect(try op.forward([x], parameters: [:])[0].floats() == [9, 9, 1, 2])
    }

    @Test func badAxes() {
        #expect(throws: TesseraError.self) {
            try Pad(axes: [1, 1], before: [1, 1], after: [1, 1]).outputShapes(for: [[1, 2]])
        }
        #expect(throws: TesseraError.self) { try Pad(axes: [4], before: [1], after: [1]).outputShapes(for: [[1, 2]]) }
    }
}
