import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SliceTests {
    @Test("ranges and steps in space and channels, forwards and backwards")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Slice(axes: [2, 3], steps: [2, 2]), [2, 16, 33, 31]),
            OperatorCase(Slice(axes: [2, 3], starts: [1, -4], ends: [-1, 100], steps: [3, 1]), [1, 3, 11, 13]),
            OperatorCase(Slice(axes: [1], starts: [16], ends: [32]), [1, 48, 5, 7]),
            OperatorCase(Slice(axes: [1], starts: [5], ends: [23]), [1, 48, 5, 7]),
            OperatorCase(Slice(axes: [1, 2], starts: [1, 2], ends: [6, 5], steps: [2, 1]), [1, 8, 5, 7]),
            OperatorCase(Slice(axes: [2, 3], steps: [-1, -2]), [1, 3, 9, 8]),
            OperatorCase(Slice(axes: [2, 1], starts: [-2, 3], ends: [0, -100], steps: [-3, -1]), [1, 5, 11, 4]),
            OperatorCase(Slice(axes: [0], starts: [2], ends: [2]), [5], types: [.i64]),
            OperatorCase(Slice(axes: [1], steps: [-1]), [2, 0, 3]), OperatorCase(Slice(axes: []), [1, 3, 4, 4]),
            OperatorCase(Slice(axes: []), []),
            OperatorCase(Slice(axes: [-1, 2], steps: [2, 1]), [1, 2, 3, 4, 5], types: [.u8]),
            OperatorCase(Slice(axes: [2], starts: [1], ends: [4], steps: [2]), [2, 3, 5], types: [.f16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([0, 1, 2, 3, 4, 5], shape: [1, 6])
        func slice(_ start: Int?, _ end: Int?, _ step: Int) throws -> [Float] {
            let op = Slice(axes: [1], starts: start.map { [$0] }, ends: end.map { [$0] }, steps: [step])
            return try op.forward([x], parameters: [:])[0].floats()
        }
        #expect(try slice(1, 6, 2) == [1, 3, 5])
        #expect(try slice(-3, -1, 1) == [3, 4])
        #expect(try slice(0, 100, 4) == [0, 4])
        #expect(try slice(4, 1, -1) == [4, 3, 2])
        #expect(try slice(100, -100, -2) == [5, 3, 1])
        #expect(try slice(nil, nil, -5) == [5, 0])
        #expect(try slice(nil, 1, -1) == [5, 4, 3, 2])
        #expect(try slice(1, 4, -1) == [])
        #expect(try slice(4, 1, 1) == [])
        #expect(try slice(.min, .max, .max) == [0])
        #expect(try slice(.max, .min, .min) == [5])
        #expect(try slice(-6, -100, -1) == [0])
        #expect(try slice(-7, -100, -1) == [])
    }

    @Test("ranges may be inputs, of which some are left out; all of the input is no layer")
    func controlInputs() throws {
        let x = try Tensor([0, 1, 2, 3, 4, 5], shape: [2, 3])
        let (starts, ends) = (try Tensor.integers([1]), try Tensor.integers([.max]))
        #expect(try runLayer(Slice(), [x, starts, ends], known: [1, 2])[0].floats() == [3, 4, 5])
        #expect(
            try runLayer(Slice(), [x, starts, ends, .integers([-1])], known: [1, 2, 3])[0].floats() == [1, 2, 4, 5])
        let backwards = [x, try .integers([-1]), try .integers([.min]), try .integers([1]), try .integers([-2])]
        #expect(try runLayer(Slice(), backwards, known: [1, 2, 3, 4])[0].floats() == [2, 0, 5, 3])
        var op = Slice()
        op.inputs = ["x", "starts", "ends", "steps"]
        #expect(
            try runLayer(op, [x, .integers([-1]), .integers([.min]), .integers([-1])], known: [1, 2, 3])[0].floats()
                == [3, 4, 5, 0, 1, 2])
        #expect(try boundLayer(Slice(), [x, .integers([0]), ends], known: [1, 2]).graph.nodes.isEmpty)
        #expect(try boundLayer(Slice(axes: [0], steps: [-1]), [x]).graph.nodes.count == 1)
        expectError(.notSupported, "x1", "known beforehand") { try boundLayer(Slice(), [x, starts, ends], known: [2]) }
    }

    @Test func badKeys() {
        #expect(throws: TesseraError.self) { try Slice(axes: [1], steps: [0]).validate() }
        #expect(throws: TesseraError.self) { try Slice(axes: [1], steps: [1, 1]).validate() }
        #expect(throws: TesseraError.self) { try Slice(axes: [1, -1]).outputShapes(for: [[1, 2]]) }
        #expect(throws: TesseraError.self) { try Slice(axes: [2]).outputShapes(for: [[1, 2]]) }
    }
}
