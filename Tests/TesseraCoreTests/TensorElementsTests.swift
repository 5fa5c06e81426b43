import TesseraCore
import TesseraTestSupport
import Testing

@Suite struct TensorElementsTests {
    @Test("small integers survive every type, as numbers and as integers", arguments: ElementType.allCases)
    func roundTrips(type: ElementType) throws {
        let values: [Int64] = type == .bool ? [0, 1, 1, 0] : [0, 1, 7, 100]
        let tensor = try Tensor(integers: values, shape: [2, 2], elementType: type)
        #expect(tensor.elementType == type && tensor.shape == [2, 2])
        #expect(tensor.integers() == values)
        #expect(tensor.reals() == values.map(Double.init))
        #expect(try Tensor(reals: tensor.reals(), shape: [2, 2], elementType: type) == tensor)
    }

    @Test("what does not fit an integer type wraps around as an integer, saturates as a number; NaN becomes 0")
    func narrowing() throws {
        #expect(try Tensor(integers: [300, -1], shape: [2], elementType: .u8).integers() == [44, 255])
        #expect(try Tensor(integers: [200], shape: [1], elementType: .i8).integers() == [-56])
        let reals = [300.0, -7.9, 2.9, .nan, .infinity]
        #expect(try Tensor(reals: reals, shape: [5], elementType: .u8).integers() == [255, 0, 2, 0, 255])
        #expect(try Tensor(reals: reals, shape: [5], elementType: .i8).integers() == [127, -7, 2, 0, 127])
        #expect(try Tensor(reals: [1e300], shape: [1], elementType: .i64).integers() == [.max])
    }

    @Test("floats are rounded to the nearest, ties to the even one")
    func rounding() throws {
        // binary16 has 11 significant bits: 2049 lies between 2048 and 2050. A bfloat16 has 8.
        #expect(
            try Tensor(reals: [2049, 2051, 65520], shape: [3], elementType: .f16).reals() == [2048, 2052, .infinity])
        #expect(try Tensor(reals: [257, 259, 1], shape: [3], elementType: .bf16).reals() == [256, 260, 1])
        #expect(try Tensor(reals: [.nan], shape: [1], elementType: .bf16).reals()[0].isNaN)
        #expect(try Tensor(reals: [0.1], shape: [], elementType: .f64).reals() == [0.1])
    }

    @Test("a u64 keeps its bits as an integer and its size as a number")
    func unsigned() throws {
        let tensor = try Tensor(elements: [UInt64.max, 5], shape: [2])
        #expect(tensor.integers() == [-1, 5])
        #expect(tensor.reals() == [0x1p64, 5])
        #expect(try tensor.elements(UInt64.self) == [.max, 5])
        expectError(.invalidArgument, "expected a tensor of i64, found u64") { try tensor.elements(Int64.self) }
    }

    @Test("elements are moved whole to where offsets say, with a filler elsewhere")
    func moving() throws {
        let tensor = try Tensor(integers: [10, 11, 12], shape: [3], elementType: .i16)
        let filler = try Tensor(integers: [7], shape: [], elementType: .i16)
        #expect(try tensor.elements(at: [2, -1, 0, 0], shape: [2, 2], filler: filler).integers() == [12, 7, 10, 10])
        #expect(try tensor.elements(at: [-1, 1], shape: [2]).integers() == [0, 11])
        expectError(.shapeMismatch, "offsets below 3") { try tensor.elements(at: [3], shape: [1]) }
        expectError(.shapeMismatch, "filler of one i16") {
            try tensor.elements(at: [0], shape: [1], filler: Tensor(zeros: [], elementType: .u8))
        }
    }
}
