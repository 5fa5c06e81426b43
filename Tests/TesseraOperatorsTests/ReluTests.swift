import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct ReluTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(Relu(), [1, 16, 7, 11]), OperatorCase(Relu(), [2, 3, 5, 5]), OperatorCase(Relu(), [4, 9]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor([-2, 0, 3], shape: [1, 3])
        #expect(try Relu().forward([x], parameters: [:])[0].floats() == [0, 0, 3])
    }
}
