import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct WhereTests {
    @Test("shapes are repeated, and x and y have any type")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Where(), [1, 3, 5, 7], [1, 3, 5, 7], [1, 3, 5, 7], types: [.bool]),
            OperatorCase(Where(), [5, 1], [1, 3, 1, 7], [2, 1, 5, 1], types: [.bool]),
            OperatorCase(Where(), [2, 3, 4, 5], [], [], types: [.bool, .i64, .i64]),
            OperatorCase(Where(), [], [4, 3], [3], types: [.bool, .u8, .u8]),
            OperatorCase(Where(), [3, 1], [0], [1], types: [.bool, .f16, .f16]),
            OperatorCase(Where(), [2, 3, 4, 5], [5], [4, 1], types: [.bool, .bool, .bool]),
        ])
    }

    @Test func byHand() throws {
        let condition = try Tensor.integers([1, 0], shape: [2, 1], .bool)
        let y = try Where().forward(
            [condition, .integers([.max, 2]), .integers([7], shape: [])], parameters: [:])[0]
        #expect(y.shape == [2, 2])
        #expect(y.integers() == [.max, 2, 7, 7])
    }

    @Test func typesThatDoNotFit() {
        expectError(.notSupported, "a condition of bool", "f32") { try Where().outputTypes(for: [.f32, .f32, .f32]) }
        expectError(.notSupported, "f32, i64") { try Where().outputTypes(for: [.bool, .f32, .i64]) }
    }
}
