import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct FillTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Fill(shape: [1, 2, 5, 7], value: 0.5)), OperatorCase(Fill(shape: [], value: -3, type: .i64)),
            OperatorCase(Fill(shape: [2, 0])), OperatorCase(Fill(shape: [2, 3], value: 1, type: .bool)),
            OperatorCase(Fill(shape: [1, 2, 3, 4, 5], value: 2, type: .f16)),
        ])
    }

    @Test("the shape may be an input")
    func controlInputs() throws {
        let y = try runLayer(Fill(shape: nil, value: 7, type: .i32), [.integers([2, 1])], known: [0])[0]
        #expect(y.shape == [2, 1])
        #expect(try y.elements(Int32.self) == [7, 7])
        #expect(try runLayer(Fill(shape: nil), [.integers([])], known: [0])[0] == Tensor.reals([0], shape: []))
    }

    @Test func badShapes() {
        #expect(throws: TesseraError.self) { try Fill(shape: [-1]).validate() }
        expectError(.outOfMemory) { try runLayer(Fill(shape: nil), [.integers([.max, .max])], known: [0]) }
        expectError(.invalidArgument, "misses its 'shape'") { try runLayer(Fill(shape: nil), []) }
    }
}
