import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct QuantizeTests {
    @Test("per tensor, per axis, and per block")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Quantize(), [1, 3, 5, 7], []), OperatorCase(Quantize(type: .i8), [1, 16, 5, 7], [16]),
            OperatorCase(Quantize(), [1, 3, 5, 7], [3], [3], types: [.f32, .f32, .u8]),
            OperatorCase(Quantize(axis: 0, type: .i16), [4, 3], [1], [1], types: [.f32, .f32, .i16]),
            OperatorCase(Quantize(axis: 1, type: .u16, block: 2), [2, 5, 3, 4], [2, 3, 3, 4]),
            OperatorCase(Quantize(axis: -1), [2, 3], [3], types: [.f16, .f16]), OperatorCase(Quantize(), [], []),
            OperatorCase(Quantize(), [1, 0, 3], [0]), OperatorCase(Quantize(axis: 2), [1, 2, 3, 4, 5], [3]),
        ])
    }

    @Test("to the nearest, half to even, and saturated")
    func byHand() throws {
        let x = try Tensor.reals([0.5, 1.5, 2.5, -0.5, 2.6, 1000, -1000])
        #expect(
            try Quantize().forward([x, .reals([1], shape: [])], parameters: [:])[0].integers()
                == [0, 2, 2, 0, 3, 255, 0])
        #expect(
            try Quantize(type: .i8).forward([x, .reals([2]), .integers([10], .i8)], parameters: [:])[0].integers()
                == [10, 11, 11, 10, 11, 127, -128])
    }

    @Test("the quotient is one of binary32, as everywhere")
    func rounding() throws {
        // 0.35 / 0.1 is a little less than 3.5, but not for these types.
        let y = try Quantize().forward([.reals([0.35]), .reals([0.1])], parameters: [:])[0]
        #expect(y.integers() == [Int64((Float(0.35) / Float(0.1)).rounded(.toNearestOrEven))])
    }

    @Test func blocks() throws {
        let x = try Tensor.reals([1, 2, 3, 4, 5, 6], shape: [2, 3])
        let scale = try Tensor.reals([1, 2, 0.5, 1], shape: [2, 2])
        let y = try Quantize(axis: 1, block: 2).forward([x, scale], parameters: [:])[0]
        #expect(y.integers() == [1, 2, 2, 8, 10, 6])
    }

    @Test func whatDoesNotFit() {
        expectError(.shapeMismatch, "one element or of 3, found 2") {
            try Quantize().outputShapes(for: [[1, 3], [2]])
        }
        expectError(.shapeMismatch, "as many zero points") { try Quantize().outputShapes(for: [[1, 3], [3], [1]]) }
        expectError(.notSupported, "zero points of u8") { try Quantize().outputTypes(for: [.f32, .f32, .i8]) }
        expectError(.notSupported) { try Quantize(type: .f32).outputTypes(for: [.f32, .f32]) }
        #expect(throws: TesseraError.self) { try Quantize(block: -1).validate() }
    }
}
