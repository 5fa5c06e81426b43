import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct PowerTests {
    @Test("equal shapes, repeated ones, and exponents of another type")
    func conformance() throws {
        try checkOperator([
            OperatorCase(Power(), [1, 16, 7, 11], [1, 16, 7, 11]), OperatorCase(Power(), [2, 3, 5, 5], []),
            OperatorCase(Power(), [2, 3, 5, 5], [5, 1], types: [.f32, .i64]),
            OperatorCase(Power(), [3, 1], [2, 1, 3], types: [.f64, .i32]),
            OperatorCase(Power(), [3, 4], [4], types: [.i64, .f32]),
            OperatorCase(Power(), [3, 4], [4], types: [.i32, .u8]), OperatorCase(Power(), [0, 4], [4]),
            OperatorCase(Power(), [1, 2, 3, 4, 5], [3, 1, 1], types: [.f16, .f16]),
        ])
    }

    @Test func byHand() throws {
        let y = try Power().forward([.reals([2, 9, 4]), .reals([3, 0.5, -1])], parameters: [:])[0]
        #expect(y.reals() == [8, 3, 0.25])
    }

    @Test("integers keep all digits, wrap around, and drop fractions")
    func integers() throws {
        let (base, exponent) = (
            try Tensor.integers([3, 2, 2, -1, -2, 1, 0]), try Tensor.integers([39, 64, 63, -3, -1, -9, 0])
        )
        #expect(
            try Power().forward([base, exponent], parameters: [:])[0].integers()
                == [4_052_555_153_018_976_267, 0, .min, -1, 0, 1, 1])
        let halves = try Power().forward([.integers([9, 2]), .reals([0.5, -1])], parameters: [:])[0]
        #expect(halves.integers() == [3, 0])
    }

    @Test func negativePowersOfZero() {
        expectError(.invalidArgument, "0 has no negative power") {
            try Power().forward([.integers([0]), .integers([-1])], parameters: [:])
        }
    }
}
