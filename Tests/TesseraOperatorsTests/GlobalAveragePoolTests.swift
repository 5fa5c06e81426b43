import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct GlobalAveragePoolTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(GlobalAveragePool(), [1, 64, 8, 8]), OperatorCase(GlobalAveragePool(), [3, 5, 7, 11]),
            OperatorCase(GlobalAveragePool(), [1, 3, 1, 1]),
            OperatorCase(GlobalAveragePool(), [2, 3, 9]), OperatorCase(GlobalAveragePool(), [2, 3, 4, 3, 5]),
            OperatorCase(GlobalAveragePool(), [2, 3, 2, 2, 2, 2]),
            OperatorCase(GlobalAveragePool(), [2, 3, 4], types: [.f16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([1, 2, 3, 6, 0, 0, 0, 8], shape: [1, 2, 2, 2])
        #expect(try GlobalAveragePool().forward([x], parameters: [:])[0].floats() == [3, 2])
    }
}
