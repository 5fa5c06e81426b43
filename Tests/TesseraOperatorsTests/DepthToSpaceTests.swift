import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct DepthToSpaceTests {
    @Test func conformance() throws {
        var cropped = DepthToSpace(block: 3)
        cropped.crop = [1, 2, 0, 4]
        try checkOperator([
            OperatorCase(DepthToSpace(block: 2), [1, 16, 5, 7]),
            OperatorCase(DepthToSpace(block: 2, mode: .crd), [1, 16, 5, 7]),
            OperatorCase(DepthToSpace(block: 3), [2, 18, 3, 4]),
            OperatorCase(DepthToSpace(block: 3, mode: .crd), [2, 9, 3, 4]),
            OperatorCase(DepthToSpace(block: 1), [1, 3, 4, 5]), OperatorCase(cropped, [1, 18, 3, 4]),
            OperatorCase(DepthToSpace(block: 2), [1, 4, 3, 3], types: [.i64]),
            OperatorCase(DepthToSpace(block: 2), [0, 4, 3, 3], types: [.u8]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor((0..<8).map(Float.init), shape: [1, 8, 1, 1])
        let columns = try DepthToSpace(block: 2).forward([x], parameters: [:])[0]
        #expect(columns.shape == [1, 2, 2, 2])
        #expect(try columns.floats() == [0, 2, 4, 6, 1, 3, 5, 7])
        let rows = try DepthToSpace(block: 2, mode: .crd).forward([x], parameters: [:])[0]
        #expect(try rows.floats() == [0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test("the other way round than space_to_depth")
    func inverse() throws {
        let x = try Tensor((0..<144).map(Float.init), shape: [1, 8, 3, 6])
        let y = try DepthToSpace(block: 2).forward([x], parameters: [:])[0]
        #expect(try SpaceToDepth(block: 2).forward([y], parameters: [:])[0] == x)
    }

    @Test("channels can be cut where those of a block lie together")
    func channels() throws {
        let region = Region([0..<1, 1..<2, 0..<4, 0..<4])
        let tile = try DepthToSpace(block: 2, mode: .crd).tile(region, ofOutput: 0, inputs: [[1, 8, 2, 2]])
        #expect(tile.inputs == [Region([0..<1, 4..<8, 0..<2, 0..<2])])
        expectError(.notSupported) { try DepthToSpace(block: 2).tile(region, ofOutput: 0, inputs: [[1, 8, 2, 2]]) }
    }

    @Test("blocks of one pixel are no layer")
    func elision() throws {
        let x = try Tensor(zeros: [1, 4, 2, 2])
        #expect(try boundLayer(DepthToSpace(block: 1), [x]).graph.nodes.isEmpty)
    }

    @Test func badShapes() {
        expectError(.shapeMismatch, "divisible by 4") { try DepthToSpace(block: 2).outputShapes(for: [[1, 6, 2, 2]]) }
        #expect(throws: TesseraError.self) { try DepthToSpace(block: 2).outputShapes(for: [[4, 2, 2]]) }
        for block in [0, -2, 1 << 31] {
            #expect(throws: TesseraError.self) { try DepthToSpace(block: block).validate() }
        }
        var op = DepthToSpace(block: 1)
        op.crop = [1, 0, 1, 0]
        #expect(throws: TesseraError.self) { try op.outputShapes(for: [[1, 1, 1, 1]]) }
        op.crop = [1]
        #expect(throws: TesseraError.self) { try op.validate() }
    }
}
