import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct SubtractTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Subtract(), [1, 16, 7, 11], [1, 16, 7, 11]),
            OperatorCase(Subtract(), [2, 3, 5, 5], [2, 3, 1, 1]),
            OperatorCase(Subtract(), [1, 3, 1, 1], [2, 3, 5, 7]),
        ])
    }

    @Test func byHand() throws {
        let (a, b) = (try Tensor([1, 2], shape: [1, 2]), try Tensor([10, 30], shape: [1, 2]))
        #expect(try Subtract().forward([a, b], parameters: [:])[0].floats() == [-9, -28])
    }
}
