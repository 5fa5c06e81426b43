import Testing
import TesseraCore
import TesseraOperators
import TesseraTestSupport

@Suite struct LeakyReluTests {
    @Test func conformance() throws {
        var steep = LeakyRelu()
        steep.slope = 0.2
        try checkOperator([OperatorCase(LeakyRelu(), [1, 16, 7, 11]), OperatorCase(steep, [2, 3, 5, 5])])
    }

    @Test func byHand() throws {
        var op = LeakyRelu()
        op.slope = 0.5
        let x = try Tensor([-2, 0, 3], shape: [1, 3])
        #expect(try op.forward([x], parameters: [:])[0].floats() == [-1, 0, 3])
    }
}
