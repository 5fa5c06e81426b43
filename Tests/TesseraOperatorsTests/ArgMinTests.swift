import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ArgMinTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(ArgMin(axis: 1), [1, 16, 7, 11]), OperatorCase(ArgMin(axis: 0), [3, 2, 5, 7]),
            OperatorCase(ArgMin(axis: 1, keepAxis: false), [2, 3, 4, 5, 6], types: [.i64]),
            OperatorCase(ArgMin(axis: -1), [2, 3, 9], types: [.u8]), OperatorCase(ArgMin(axis: 0), [5], types: [.f16]),
            OperatorCase(ArgMin(axis: 0, keepAxis: false, lastIndex: true), [9], types: [.i8]),
            OperatorCase(ArgMin(axis: 1, lastIndex: true), [2, 9, 3, 3], types: [.i8]),
            OperatorCase(ArgMin(axis: 1), [0, 3]), OperatorCase(ArgMin(axis: 0), [4, 3], types: [.u64]),
        ])
    }

    @Test("of equal elements, the first or the last")
    func byHand() throws {
        let x = try Tensor.reals([1, 3, 1, 3, 2], shape: [1, 5])
        #expect(try ArgMin(axis: 1).forward([x], parameters: [:])[0].integers() == [0])
        #expect(try ArgMin(axis: 1, lastIndex: true).forward([x], parameters: [:])[0].integers() == [2])
        let y = try Tensor.reals([1, 5, 4, 2, 3, 9], shape: [2, 3])
        #expect(try ArgMin(axis: 0, keepAxis: false).forward([y], parameters: [:])[0].integers() == [0, 1, 0])
    }

    @Test("NaN is found before all numbers, and large integers keep all digits")
    func extremes() throws {
        #expect(try ArgMin().forward([.reals([1, .nan, .infinity, -.infinity])], parameters: [:])[0].integers() == [1])
        let large = try Tensor.integers([.max - 1, .max, .max - 1])
        #expect(try ArgMin().forward([large], parameters: [:])[0].integers() == [0])
        let unsigned = try Tensor.integers([1, -1, 2], .u64)
        #expect(try ArgMin().forward([unsigned], parameters: [:])[0].integers() == [0])
    }

    @Test func badAxes() {
        expectError(.shapeMismatch, "elements along axis 1") { try ArgMin(axis: 1).outputShapes(for: [[2, 0]]) }
        #expect(throws: TesseraError.self) { try ArgMin(axis: 2).outputShapes(for: [[2, 3]]) }
        #expect(throws: TesseraError.self) { try ArgMin(axis: 0).outputShapes(for: [[]]) }
    }
}
