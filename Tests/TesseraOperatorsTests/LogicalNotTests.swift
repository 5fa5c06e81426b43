import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct LogicalNotTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(LogicalNot(), [1, 3, 5, 7], types: [.bool]), OperatorCase(LogicalNot(), [], types: [.bool]),
            OperatorCase(LogicalNot(), [3, 0], types: [.bool]),
            OperatorCase(LogicalNot(), [1, 2, 3, 4, 5], types: [.bool]),
        ])
    }

    @Test func byHand() throws {
        let y = try LogicalNot().forward([.integers([0, 1], .bool)], parameters: [:])[0]
        #expect(try y.elements(Truth.self).map(\.isTrue) == [true, false])
        expectError(.notSupported, "not supported for f32") { try LogicalNot().outputTypes(for: [.f32]) }
    }
}
