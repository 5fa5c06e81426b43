import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct SliceTests {
    @Test("ranges and steps in space and channels")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Slice(axes: [2, 3], steps: [2, 2]), [2, 16, 33, 31]),
            OperatorCase(Slice(axes: [2, 3], starts: [1, -4], ends: [-1, 100], steps: [3, 1]), [1, 3, 11, 13]),
            OperatorCase(Slice(axes: [1], starts: [16], ends: [32]), [1, 48, 5, 7]),
            OperatorCase(Slice(axes: [1], starts: [5], ends: [23]), [1, 48, 5, 7]),
            OperatorCase(Slice(axes: [1, 2], starts: [1, 2], ends: [6, 5], steps: [2, 1]), [1, 8, 5, 7]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([0, 1, 2, 3, 4, 5], shape: [1, 6])
        func slice(_ start: Int, _ end: Int, _ step: Int) throws -> [Float] {
            try Slice(axes: [1], starts: [start], ends: [end], steps: [step]).forward([x], parameters: [:])[0].floats()
        }
        #expect(try slice(1, 6, 2) == [1, 3, 5])
        #expect(try slice(-3, -1, 1) == [3, 4])
        #expect(try slice(0, 100, 4) == [0, 4])
    }

    @Test func badSteps() {
        #expect(throws: TesseraError.self) { try Slice(axes: [1], steps: [0]).validate() }
        #expect(throws: TesseraError.self) { try Slice(axes: [1], steps: [1, 1]).validate() }
    }
}
