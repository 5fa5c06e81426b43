import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct IdentityTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Identity(), [1, 3, 5, 7]), OperatorCase(Identity(), [], types: [.i64]),
            OperatorCase(Identity(), [3, 0], types: [.bool]),
        ])
    }

    @Test("nothing is left of it")
    func elision() throws {
        let x = try Tensor.integers([1, 2, 3])
        #expect(try boundLayer(Identity(), [x]).graph.nodes.isEmpty)
        #expect(try runLayer(Identity(), [x]) == [x])
    }
}
