import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct SizeTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(SizeOf(), [1, 2, 5, 7]), OperatorCase(SizeOf(), []),
            OperatorCase(SizeOf(), [2, 0], types: [.bool]), OperatorCase(SizeOf(), [1, 2, 3, 4, 5], types: [.i64]),
        ])
    }

    @Test("it is known without the input's elements")
    func folding() throws {
        let bound = try boundLayer(SizeOf(), [Tensor(zeros: [2, 3])])
        #expect(bound.graph.nodes.map(\.op.name) == ["constant"])
        #expect(try runLayer(SizeOf(), [Tensor(zeros: [2, 3])]) == [Tensor.integers([6], shape: [])])
        #expect(try SizeOf().forward([Tensor(zeros: [])], parameters: [:])[0].integers() == [1])
    }
}
