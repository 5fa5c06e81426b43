import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct RangeTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Progression(limit: 7)), OperatorCase(Progression(start: 3, limit: -4, step: -2, type: .i32)),
            OperatorCase(Progression(limit: 1, step: 0.3, type: .f32)), OperatorCase(Progression(start: 5, limit: 1)),
        ])
    }

    @Test func byHand() throws {
        func range(_ start: Double, _ limit: Double, _ step: Double, _ type: ElementType) throws -> [Double] {
            try Progression(start: start, limit: limit, step: step, type: type).forward([], parameters: [:])[0].reals()
        }
        #expect(try range(0, 4, 1, .i64) == [0, 1, 2, 3])
        #expect(try range(10, 4, -3, .i32) == [10, 7])
        #expect(try range(0, 1, 0.25, .f32) == [0, 0.25, 0.5, 0.75])
        #expect(try range(3, 3, 1, .i64) == [])
    }

    @Test("all may be inputs, which say the type")
    func controlInputs() throws {
        let inputs = [
            try Tensor.integers([2], shape: []), try Tensor.integers([8], shape: []), try Tensor.integers([3]),
        ]
        #expect(try runLayer(Progression(), inputs, known: [0, 1, 2]) == [Tensor.integers([2, 5])])
        let numbers = try [1, 2, 0.5].map { try Tensor.reals([$0], shape: []) }
        #expect(try runLayer(Progression(), numbers, known: [0, 1, 2])[0].floats() == [1, 1.5])
    }

    @Test func badRanges() throws {
        #expect(throws: TesseraError.self) { try Progression(limit: 3, step: 0).validate() }
        #expect(throws: TesseraError.self) { try Progression(limit: .infinity).validate() }
        expectError(.invalidArgument, "misses its 'limit'") { try Progression().outputShapes(for: []) }
        expectError(.outOfMemory) { try runLayer(Progression(limit: 1e30), []) }
        expectError(.outOfMemory) { try runLayer(Progression(limit: 1, step: 1e-300), []) }
    }
}
