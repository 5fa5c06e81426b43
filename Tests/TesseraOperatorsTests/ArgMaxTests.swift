import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ArgMaxTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(ArgMax(axis: 1), [1, 16, 7, 11]), OperatorCase(ArgMax(axis: 0), [3, 2, 5, 7]),
            OperatorCase(ArgMax(axis: 1, keepAxis: false), [2, 3, 4, 5, 6], types: [.i64]),
            OperatorCase(ArgMax(axis: -1), [2, 3, 9], types: [.u8]), OperatorCase(ArgMax(axis: 0), [5], types: [.f16]),
            OperatorCase(ArgMax(axis: 0, keepAxis: false, lastIndex: true), [9], types: [.i8]),
            OperatorCase(ArgMax(axis: 1, lastIndex: true), [2, 9, 3, 3], types: [.i8]),
            OperatorCase(ArgMax(axis: 1), [0, 3]), OperatorCase(ArgMax(axis: 0), [4, 3], types: [.u64]),
        ])
    }

    @Test("of equal elements, the first or the last")
    func byHand() throws {
        let x = try Tensor.reals([1, 3, 1, 3, 2], shape: [1, 5])
        #expect(try ArgMax(axis: 1).forward([x], parameters: [:])[0].integers() == [1])
        #expect(try ArgMax(axis: 1, lastIndex: true).forward([x], parameters: [:])[0].integers() == [3])
        let y = try Tensor.reals([1, 5, 4, 2, 3, 9], shape: [2, 3])
        #expect(try ArgMax(axis: 0, keepAxis: false).forward([y], parameters: [:])[0].integers() == [1, 0, 1])
    }

    @Test("NaN is found before all numbers, and large integers keep all digits")
    func extremes() throws {
        #expect(try ArgMax().forward([.reals([1, .nan, .infinity, -.infinity])], parameters: [:])[0].integers() == [1])
        let large = try Tensor.integers([.max - 1, .max, .max - 1])
        #expect(try ArgMax().forward([large], parameters: [:])[0].integers() == [1])
        let unsigned = try Tensor.integers([1, -1, 2], .u64)
        #expect(try ArgMax().forward([unsigned], parameters: [:])[0].integers() == [1])
    }

    @Test func badAxes() {
        expectError(.shapeMismatch, "elements along axis 1") { try ArgMax(axis: 1).outputShapes(for: [[2, 0]]) }
        #expect(throws: TesseraError.self) { try ArgMax(axis: 2).outputShapes(for: [[2, 3]]) }
        #expect(throws: TesseraError.self) { try ArgMax(axis: 0).outputShapes(for: [[]]) }
    }
}
