import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct CastTests {
    @Test("every type to every other")
    func conformance() throws {
        for type in ElementType.allCases {
            try checkOperator([
                OperatorCase(Cast(type: type), [1, 2, 5, 7]), OperatorCase(Cast(type: type), [3], types: [.i64]),
                OperatorCase(Cast(type: type), [], types: [.bool]),
                OperatorCase(Cast(type: type), [2, 0], types: [.f16]),
                OperatorCase(Cast(type: type), [1, 2, 3, 4, 5], types: [.u8]),
            ])
        }
    }

    @Test("fractions are dropped; what does not fit becomes the nearest that does")
    func numbers() throws {
        let x = try Tensor.reals([-1.7, 1.7, 300, -300, .nan, 0.3], .f64)
        func cast(_ type: ElementType) throws -> Tensor { try Cast(type: type).forward([x], parameters: [:])[0] }
        #expect(try cast(.i32).integers() == [-1, 1, 300, -300, 0, 0])
        #expect(try cast(.i8).integers() == [-1, 1, 127, -128, 0, 0])
        #expect(try cast(.bool).integers() == [1, 1, 1, 1, 1, 1])
        #expect(try cast(.f32).reals()[5] == Double(Float(0.3)))
    }

    @Test("64-bit integers are rounded once")
    func rounding() throws {
        // A quarter of the way between two numbers of f32, and just above the middle by less than f64 can tell.
        let value: Int64 = 1 << 60 + 1 << 36 + 1
        let next = Float(1 << 60).nextUp
        #expect(try Cast(type: .f32).forward([.integers([value])], parameters: [:])[0].floats() == [next])
        #expect(try Cast(type: .f32).forward([.integers([value], .u64)], parameters: [:])[0].floats() == [next])
    }

    @Test("integers keep all digits, or their lower bits")
    func integers() throws {
        let x = try Tensor.integers([.max, -1, 256, 0])
        func cast(_ type: ElementType) throws -> [Int64] {
            try Cast(type: type).forward([x], parameters: [:])[0].integers()
        }
        #expect(try cast(.u64) == [.max, -1, 256, 0])
        #expect(try cast(.u8) == [255, 255, 0, 0])
        #expect(try cast(.bool) == [1, 1, 1, 0])
    }

    @Test("the same type is no layer")
    func elision() throws {
        #expect(try boundLayer(Cast(type: .i64), [.integers([1])]).graph.nodes.isEmpty)
        #expect(try boundLayer(Cast(type: .i32), [.integers([1])]).graph.nodes.count == 1)
    }
}
