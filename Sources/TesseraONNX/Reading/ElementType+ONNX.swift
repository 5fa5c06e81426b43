import TesseraCore

extension ElementType {
    /// ONNX's numbers of the element types (`TensorProto.DataType`).
    static let onnxNumbers: [ElementType: Int32] = [
        .f32: 1, .u8: 2, .i8: 3, .u16: 4, .i16: 5, .i32: 6, .i64: 7, .bool: 9, .f16: 10, .f64: 11, .u32: 12, .u64: 13,
        .bf16: 16,
    ]

    private static let types = Dictionary(uniqueKeysWithValues: onnxNumbers.map { ($1, $0) })

    /// What ONNX calls the types that Tessera does not have.
    private static let otherNames: [Int32: String] = [
        0: "undefined", 8: "string", 14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz",
        19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0",
        25: "uint2", 26: "int2", 27: "float6e2m3", 28: "float6e3m2",
    ]

    /// The type with ONNX's number.
    ///
    /// - Throws: `notSupported` for a type that Tessera does not have.
    init(onnx number: Int32) throws {
        guard let type = Self.types[number] else {
            throw TesseraError(
                .notSupported, "the element type \(Self.otherNames[number] ?? "number \(number)") is not supported")
        }
        self = type
    }

    /// ONNX's number of the type.
    var onnxNumber: Int32 { Self.onnxNumbers[self] ?? 0 }
}
