import TesseraCore

extension Tensor {
    /// The same numbers as f32: 16-bit floats and integers are converted (i64 and s32 are rounded to nearest).
    public func convertedToF32() throws -> Tensor {
        switch elementType {
        case .f32: return self
        case .f16: return try mapped(from: UInt16.self) { Float(Float16(bitPattern: $0)) }
        case .bf16: return try mapped(from: UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .u8: return try mapped(from: UInt8.self) { Float($0) }
        case .i8: return try mapped(from: Int8.self) { Float($0) }
        case .i32: return try mapped(from: Int32.self) { Float($0) }
        case .i64: return try mapped(from: Int64.self) { Float($0) }
        case .f64: return try mapped(from: Double.self) { Float($0) }
        case .i16: return try mapped(from: Int16.self) { Float($0) }
        case .u16: return try mapped(from: UInt16.self) { Float($0) }
        case .u32: return try mapped(from: UInt32.self) { Float($0) }
        case .u64: return try mapped(from: UInt64.self) { Float($0) }
        case .bool: return try mapped(from: UInt8.self) { Float($0) }
        }
    }

    private func mapped<Element>(from type: Element.Type, _ convert: (Element) -> Float) throws -> Tensor {
        var result = try Tensor(zeros: shape)
        try withUnsafeBytes { source in
            let elements = source.bindMemory(to: Element.self)
            try result.withMutableFloats { floats in
                for index in elements.indices { floats[index] = convert(elements[index]) }
            }
        }
        return result
    }
}
