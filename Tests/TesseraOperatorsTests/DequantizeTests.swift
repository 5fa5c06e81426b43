import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct DequantizeTests {
    @Test("per tensor, per axis, and per block")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Dequantize(), [1, 3, 5, 7], [], types: [.u8]),
            OperatorCase(Dequantize(), [1, 16, 5, 7], [16], types: [.i8]),
            OperatorCase(Dequantize(), [1, 3, 5, 7], [3], [3], types: [.u8, .f32, .u8]),
            OperatorCase(Dequantize(axis: 0), [4, 3], [1], [1], types: [.i32, .f32, .i32]),
            OperatorCase(Dequantize(axis: 1, block: 2), [2, 5, 3, 4], [2, 3, 3, 4], types: [.i16]),
            OperatorCase(Dequantize(axis: -1, type: .f16), [2, 3], [3], types: [.u16, .f16]),
            OperatorCase(Dequantize(), [], [], types: [.u8]), OperatorCase(Dequantize(), [1, 0, 3], [0], types: [.u8]),
            OperatorCase(Dequantize(axis: 2), [1, 2, 3, 4, 5], [3], types: [.i8]),
        ])
    }

    @Test func byHand() throws {
        let x = try Tensor.integers([0, 128, 255, 7], shape: [1, 2, 2], .u8)
        let y = try Dequantize().forward([x, .reals([0.5, 2]), .integers([128, 0], .u8)], parameters: [:])[0]
        #expect(try y.floats() == [-64, 0, 510, 14])
    }

    @Test("what was quantized comes back, to half a step")
    func inverse() throws {
        let x = try Tensor.reals((0..<100).map { Double($0) / 100 })
        let (scale, zero) = (try Tensor.reals([1.0 / 64]), try Tensor.integers([3], .u8))
        let quantized = try Quantize(axis: 0).forward([x, scale, zero], parameters: [:])[0]
        let y = try Dequantize(axis: 0).forward([quantized, scale, zero], parameters: [:])[0]
        #expect(zip(x.reals(), y.reals()).allSatisfy { abs($0 - $1) <= 1.0 / 128 })
    }

    @Test func whatDoesNotFit() {
        expectError(.shapeMismatch, "one element or of 2x2, found 2x3") {
            try Dequantize(axis: 1, block: 2).outputShapes(for: [[2, 3], [2, 3]])
        }
        expectError(.notSupported, "zero points of u8") { try Dequantize().outputTypes(for: [.u8, .f32, .i8]) }
        expectError(.notSupported) { try Dequantize().outputTypes(for: [.i64, .f32]) }
        expectError(.notSupported) { try Dequantize(type: .i8).outputTypes(for: [.u8, .f32]) }
    }
}
