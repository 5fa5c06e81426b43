import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ClipTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Clip(minimum: -0.5, maximum: 0.25), [1, 16, 7, 11]),
            OperatorCase(Clip(minimum: 0.1), [2, 3, 5, 5]), OperatorCase(Clip(maximum: -0.3), [1, 3, 5, 7]),
            OperatorCase(Clip(minimum: 0.3, maximum: 0.3), [1, 17, 3, 3]), OperatorCase(Clip(), [4, 9]),
            OperatorCase(Clip(minimum: 0.5, maximum: -0.5), [1, 3, 5, 7]),
            OperatorCase(Clip(minimum: -2, maximum: 3.5), [2, 3, 4], types: [.i64]),
            OperatorCase(Clip(minimum: -0.5), [], types: [.f16]), OperatorCase(Clip(minimum: 0), [2, 0]),
            OperatorCase(Clip(minimum: 0, maximum: 0.5), [1, 2, 3, 4, 5], types: [.f64]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([-2, 0, 3, .nan], shape: [4])
        let y = try Clip(minimum: -1, maximum: 2).forward([x], parameters: [:])[0].floats()
        #expect(y.prefix(3) == [-1, 0, 2])
        #expect(y[3].isNaN)
        #expect(try Clip(minimum: 5, maximum: 2).forward([x], parameters: [:])[0].floats().prefix(3) == [2, 2, 2])
    }

    @Test("bounds may be inputs, of which some are left out")
    func controlInputs() throws {
        let x = try Tensor.reals([-2, 0, 3])
        let (low, high) = (try Tensor.reals([-1], shape: []), try Tensor.reals([2], shape: []))
        #expect(try runLayer(Clip(), [x, low, high], known: [1, 2])[0].reals() == [-1, 0, 2])
        #expect(try runLayer(Clip(), [x, low], known: [1])[0].reals() == [-1, 0, 3])
        var op = Clip()
        op.inputs = ["x", "maximum"]
        #expect(try runLayer(op, [x, high], known: [1])[0].reals() == [-2, 0, 2])
        #expect(try boundLayer(Clip(), [x]).graph.nodes.isEmpty)
        expectError(.notSupported, "x1", "must be known beforehand") { try boundLayer(Clip(), [x, low]) }
    }

    @Test("integers have bounds that are integers, or those of their type")
    func integers() throws {
        let x = try Tensor.integers([.min, -7, 7, .max])
        #expect(
            try runLayer(Clip(), [x, .integers([0]), .integers([.max])], known: [1, 2])[0].integers() == [
                0, 0, 7, .max,
            ])
        #expect(try Clip(minimum: -2.5, maximum: 2.5).forward([x], parameters: [:])[0].integers() == [-2, -2, 2, 2])
    }

    @Test func badBounds() {
        #expect(throws: TesseraError.self) { try Clip(minimum: .nan).validate() }
    }
}
