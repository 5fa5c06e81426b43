import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct TopKTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(TopK(k: 3), [2, 3, 5, 7]), OperatorCase(TopK(k: 16, axis: 1), [1, 16, 7, 11]),
            OperatorCase(TopK(k: 2, axis: 0, largest: false), [5], types: [.i64]), OperatorCase(TopK(k: 0), [2, 3]),
            OperatorCase(TopK(k: 1, axis: 2), [1, 2, 3, 4, 5], types: [.u8]), OperatorCase(TopK(k: 2), [0, 3]),
            OperatorCase(TopK(k: 2, axis: 0), [3, 2], types: [.f16]),
        ])
    }

    @Test("in order, and of equal elements the one with the lower index first")
    func byHand() throws {
        let x = try Tensor.reals([1, 3, 2, 3, 5, 4, 5, 0], shape: [2, 4])
        let y = try TopK(k: 3).forward([x], parameters: [:])
        #expect(try y[0].floats() == [3, 3, 2, 5, 5, 4])
        #expect(y[1].integers() == [1, 3, 2, 0, 2, 1])
        let z = try TopK(k: 1, axis: 0, largest: false).forward([x], parameters: [:])
        #expect(try z[0].floats() == [1, 3, 2, 0])
        #expect(z[1].integers() == [0, 0, 0, 1])
    }

    @Test("NaN counts as the largest, and large integers keep all digits")
    func extremes() throws {
        let x = try Tensor.reals([1, .nan, .infinity])
        #expect(try TopK(k: 3).forward([x], parameters: [:])[1].integers() == [1, 2, 0])
        #expect(try TopK(k: 3, largest: false).forward([x], parameters: [:])[1].integers() == [0, 2, 1])
        let large = try Tensor.integers([.max - 1, .max])
        #expect(try TopK(k: 2).forward([large], parameters: [:])[0].integers() == [.max, .max - 1])
    }

    @Test("k may be an input")
    func controlInputs() throws {
        let x = try Tensor.reals([1, 3, 2])
        #expect(try runLayer(TopK(), [x, .integers([2])], known: [1]).map { $0.reals() } == [[3, 2], [1, 2]])
        for k: Int64 in [4, -1, .max, .min] {
            #expect(throws: TesseraError.self) { try runLayer(TopK(), [x, .integers([k])], known: [1]) }
        }
        expectError(.invalidArgument, "misses its 'k'") { try runLayer(TopK(), [x]) }
    }
}
