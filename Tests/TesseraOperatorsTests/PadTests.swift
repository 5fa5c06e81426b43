import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct PadTests {
    @Test("space and channels, a constant, and negative amounts")
    func constants() throws {
        try checkOperator([
            OperatorCase(Pad(axes: [1], before: [8], after: [8]), [1, 16, 7, 11]),
            OperatorCase(Pad(axes: [2, 3], before: [1, 2], after: [3, 0], value: -1.5), [2, 3, 5, 7]),
            OperatorCase(Pad(axes: [2, 3], before: [-1, 2], after: [2, -3]), [1, 16, 9, 8]),
            OperatorCase(Pad(axes: [2, -1], before: [4, 3], after: [5, 6]), [1, 3, 2, 2]),
            OperatorCase(Pad(axes: [2], before: [0], after: [0]), [1, 3, 4, 4]),
            OperatorCase(Pad(axes: [0, 1], before: [1, 0], after: [0, 2], value: 7), [2, 3], types: [.i64]),
            OperatorCase(Pad(axes: [0], before: [2], after: [1], value: 1), [0], types: [.bool]),
            OperatorCase(Pad(axes: [1, 4], before: [1, 1], after: [1, 0]), [1, 2, 3, 4, 5], types: [.f16]),
            OperatorCase(Pad(axes: [], before: [], after: []), []),
        ])
    }

    @Test("elements of the input: less, as much as, and more than it has", arguments: [Pad.Mode.reflect, .edge, .wrap])
    func elements(mode: Pad.Mode) throws {
        func pad(_ before: [Int], _ after: [Int]) -> Pad {
            Pad(axes: [2, 3], before: before, after: after, mode: mode)
        }
        try checkOperator([
            OperatorCase(pad([1, 2], [3, 0]), [1, 3, 5, 7]), OperatorCase(pad([3, 3], [3, 3]), [1, 16, 7, 11]),
            OperatorCase(pad([-1, 2], [2, -3]), [1, 3, 9, 8]),
            OperatorCase(pad([0, 6], [4, 0]), [1, 2, 5, 7], types: [.i64]),
            OperatorCase(pad([9, 5], [1, 12]), [1, 2, 4, 5]), OperatorCase(pad([2, 1], [1, 2]), [1, 2, 1, 1]),
            OperatorCase(pad([1, 1], [-2, -3]), [1, 2, 5, 6]),
            OperatorCase(Pad(axes: [1], before: [2], after: [3], mode: mode), [1, 4, 3, 3]),
            OperatorCase(Pad(axes: [-1], before: [2], after: [3], mode: mode), [2, 3, 6], types: [.f16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([1, 2, 3], shape: [1, 3])
        func pad(_ before: Int, _ after: Int, _ mode: Pad.Mode) throws -> [Float] {
            try Pad(axes: [1], before: [before], after: [after], value: 9, mode: mode)
                .forward([x], parameters: [:])[0].floats()
        }
        #expect(try pad(2, -1, .constant) == [9, 9, 1, 2])
        #expect(try pad(2, 2, .reflect) == [3, 2, 1, 2, 3, 2, 1])
        #expect(try pad(5, 0, .reflect) == [2, 1, 2, 3, 2, 1, 2, 3])
        #expect(try pad(2, 1, .edge) == [1, 1, 1, 2, 3, 3])
        #expect(try pad(4, 2, .wrap) == [3, 1, 2, 3, 1, 2, 3, 1, 2])
        #expect(try pad(-4, 2, .edge) == [3])
    }

    @Test("amounts, the constant and axes may be inputs; nothing is no layer")
    func controlInputs() throws {
        let x = try Tensor([1, 2], shape: [1, 2])
        let amounts = try Tensor.integers([1, 0, 0, 1])
        #expect(try runLayer(Pad(), [x, amounts], known: [1])[0].floats() == [0, 0, 0, 1, 2, 0])
        let value = try Tensor.reals([7], shape: [])
        #expect(try runLayer(Pad(), [x, amounts, value], known: [1, 2])[0].floats() == [7, 7, 7, 1, 2, 7])
        let some = [x, try .integers([1, 2]), value, try .integers([-1])]
        #expect(try runLayer(Pad(), some, known: [1, 2, 3])[0].floats() == [7, 1, 2, 7, 7])
        var op = Pad()
        op.inputs = ["x", "amounts", "axes"]
        #expect(try runLayer(op, [x, .integers([1, 0]), .integers([1])], known: [1, 2])[0].floats() == [0, 1, 2])
        #expect(try boundLayer(Pad(), [x, .integers([0, 0, 0, 0])], known: [1]).graph.nodes.isEmpty)
        #expect(try boundLayer(Pad(), [x]).graph.nodes.isEmpty)
    }

    @Test func badAmounts() throws {
        #expect(throws: TesseraError.self) {
            try Pad(axes: [1, 1], before: [1, 1], after: [1, 1]).outputShapes(for: [[1, 2]])
        }
        #expect(throws: TesseraError.self) { try Pad(axes: [4], before: [1], after: [1]).outputShapes(for: [[1, 2]]) }
        #expect(throws: TesseraError.self) { try Pad(axes: [1], before: [1, 2], after: [1]).validate() }
        let x = try Tensor([1, 2], shape: [1, 2])
        #expect(throws: TesseraError.self) { try runLayer(Pad(), [x, .integers([1, 2])], known: [1]) }
        #expect(throws: TesseraError.self) { try runLayer(Pad(), [x, .integers([1, 2, 3])], known: [1]) }
        #expect(throws: TesseraError.self) { try runLayer(Pad(), [x, .integers([.min, 0, 0, 0])], known: [1]) }
        expectError(.shapeMismatch, "no elements to pad with") {
            try Pad(axes: [0], before: [1], after: [0], mode: .edge).outputShapes(for: [[0]])
        }
    }
}
