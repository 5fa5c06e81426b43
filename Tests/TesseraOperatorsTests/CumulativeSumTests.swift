import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct CumulativeSumTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(CumulativeSum(axis: 1), [1, 16, 7, 11]), OperatorCase(CumulativeSum(axis: -1), [2, 3, 5]),
            OperatorCase(CumulativeSum(axis: 0, exclusive: true), [3, 2, 5, 7]),
            OperatorCase(CumulativeSum(axis: 1, reverse: true), [1, 4, 3, 3], types: [.i64]),
            OperatorCase(CumulativeSum(axis: 2, exclusive: true, reverse: true), [1, 2, 3, 4, 5], types: [.u8]),
            OperatorCase(CumulativeSum(axis: 0), [0, 3]), OperatorCase(CumulativeSum(axis: 0), [4], types: [.f16]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.reals([1, 2, 3, 4, 5, 6], shape: [2, 3])
        func sums(_ axis: Int, _ exclusive: Bool, _ reverse: Bool) throws -> [Float] {
            try CumulativeSum(axis: axis, exclusive: exclusive, reverse: reverse)
                .forward([x], parameters: [:])[0].floats()
        }
        #expect(try sums(1, false, false) == [1, 3, 6, 4, 9, 15])
        #expect(try sums(0, false, false) == [1, 2, 3, 5, 7, 9])
        #expect(try sums(1, true, false) == [0, 1, 3, 0, 4, 9])
        #expect(try sums(1, false, true) == [6, 5, 3, 15, 11, 6])
        #expect(try sums(1, true, true) == [5, 3, 0, 11, 6, 0])
    }

    @Test("integers wrap around, and the axis may be an input")
    func integers() throws {
        let x = try Tensor.integers([.max, 1], shape: [1, 2])
        #expect(
            try runLayer(CumulativeSum(), [x, .integers([-1], shape: [])], known: [1])[0].integers() == [.max, .min])
        #expect(throws: TesseraError.self) { try runLayer(CumulativeSum(), [x, .integers([2])], known: [1]) }
        #expect(throws: TesseraError.self) { try runLayer(CumulativeSum(), [x, .integers([0, 1])], known: [1]) }
    }
}
