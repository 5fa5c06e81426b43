import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct GatherTests {
    @Test("indices of any rank along any axis")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Gather(), [10, 3], [4], types: [.f32, .i64]),
            OperatorCase(Gather(axis: 1), [2, 10, 5, 7], [3], types: [.f32, .i64]),
            OperatorCase(Gather(axis: 1), [2, 10, 5, 7], [], types: [.i64, .i32]),
            OperatorCase(Gather(axis: -1), [2, 3, 12], [2, 2], types: [.bool, .i64]),
            OperatorCase(Gather(axis: 0), [10], [2, 1, 3], types: [.f16, .i64]),
            OperatorCase(Gather(axis: 0), [10, 2, 3], [0], types: [.f32, .i64]),
            OperatorCase(Gather(axis: 1), [0, 10], [2], types: [.f32, .i64]),
            OperatorCase(Gather(axis: 2), [1, 2, 10, 2, 3], [2], types: [.u8, .u8]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([0, 1, 2, 3, 4, 5], shape: [2, 3])
        let y = try Gather(axis: 1).forward([x, .integers([2, 0, -1, -3], shape: [2, 2])], parameters: [:])[0]
        #expect(y.shape == [2, 2, 2])
        #expect(try y.floats() == [2, 0, 2, 0, 5, 3, 5, 3])
        #expect(try Gather().forward([x, .integers([-1], shape: [])], parameters: [:])[0].floats() == [3, 4, 5])
    }

    @Test func badIndices() throws {
        let x = try Tensor.reals([1, 2, 3])
        for index: Int64 in [3, -4, .max, .min] {
            expectError(.invalidArgument, "from -3 to before 3", "\(index)") {
                try Gather().forward([x, .integers([index])], parameters: [:])
            }
        }
        expectError(.notSupported, "indices of integers") { try Gather().outputTypes(for: [.f32, .f32]) }
        #expect(throws: TesseraError.self) { try Gather(axis: 1).outputShapes(for: [[2], [1]]) }
    }
}
