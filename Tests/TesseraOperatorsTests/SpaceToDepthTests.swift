import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SpaceToDepthTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(SpaceToDepth(block: 2), [1, 3, 6, 8]), OperatorCase(SpaceToDepth(block: 3), [2, 16, 9, 6]),
            OperatorCase(SpaceToDepth(block: 1), [1, 3, 4, 5]), OperatorCase(SpaceToDepth(block: 2), [1, 1, 10, 14]),
            OperatorCase(SpaceToDepth(block: 2), [1, 3, 4, 4], types: [.i64]),
            OperatorCase(SpaceToDepth(block: 2), [1, 0, 4, 4], types: [.u8]),
            OperatorCase(SpaceToDepth(block: 3, mode: .crd), [2, 5, 9, 6]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor((0..<8).map(Float.init), shape: [1, 2, 2, 2])
        let y = try SpaceToDepth(block: 2).forward([x], parameters: [:])[0]
        #expect(y.shape == [1, 8, 1, 1])
        #expect(try y.floats() == [0, 4, 1, 5, 2, 6, 3, 7])
        let z = try SpaceToDepth(block: 2, mode: .crd).forward([x], parameters: [:])[0]
        #expect(try z.floats() == [0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test("blocks of one pixel are no layer")
    func elision() throws {
        #expect(try boundLayer(SpaceToDepth(block: 1), [Tensor(zeros: [1, 1, 2, 2])]).graph.nodes.isEmpty)
    }

    @Test func badShapes() {
        expectError(.shapeMismatch, "divisible by 2") { try SpaceToDepth(block: 2).outputShapes(for: [[1, 1, 3, 2]]) }
        #expect(throws: TesseraError.self) { try SpaceToDepth(block: 2).outputShapes(for: [[1, 2, 2]]) }
        for block in [0, -2, 1 << 31] {
            #expect(throws: TesseraError.self) { try SpaceToDepth(block: block).validate() }
        }
    }
}
