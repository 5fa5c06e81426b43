import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct FlattenTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Flatten(), [2, 16, 3, 5]), OperatorCase(Flatten(), [1, 3, 1, 1]),
            OperatorCase(Flatten(), [2, 7]),
        ])
    }

    @Test("elements keep their row-major order")
    func byHand() throws {
        let x = try Tensor([1, 2, 3, 4], shape: [1, 2, 1, 2])
        let y = try Flatten().forward([x], parameters: [:])[0]
        #expect(y.shape == [1, 4])
        #expect(try y.floats() == [1, 2, 3, 4])
    }
}
