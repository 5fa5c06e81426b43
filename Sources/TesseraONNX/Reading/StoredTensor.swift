import Foundation
import TesseraCore
import TesseraNetwork

/// A tensor of a model whose elements are read when they are asked for: they may stand in the message, in the model's file
/// or in another one.
package struct StoredTensor: Sendable {
    private let proto: ONNXTensorProto
    /// Where in the model's file the raw data stands.
    private let mapped: (file: MappedFile, range: Range<Int>)?
    private let external: ExternalData?

    package var name: String { proto.name }

    init(_ proto: ONNXTensorProto, external: ExternalData? = nil) {
        self.proto = proto
        self.external = external
        mapped = nil
    }

    /// The tensor message at `range` of a file.
    init(_ range: Range<Int>, of file: MappedFile, external: ExternalData) throws {
        var proto = ONNXTensorProto()
        var raw: Range<Int>?
        var run = FieldRun(file)
        var fields = ProtobufFields(file.bytes, in: range)
        while let field = try fields.next() {
            if field.number == 9, let content = field.content {
                raw = content
            } else {
                try run.add(field) { try proto.merge($0) }
            }
        }
        try run.flush { try proto.merge($0) }
        self.proto = proto
        self.external = external
        mapped = raw.map { (file, $0) }
    }

    /// The sizes.
    ///
    /// - Throws: `malformedFile` for a negative size or a rank that no tensor has.
    package func shape() throws -> Shape {
        guard proto.dims.count <= 16, proto.dims.allSatisfy({ $0 >= 0 }) else {
            throw malformed("expected at most 16 sizes from 0, found \(proto.dims.prefix(20))")
        }
        return Shape(proto.dims.map(Int.init))
    }

    /// The elements.
    ///
    /// - Throws: `malformedFile` if there are not as many as the shape demands, `notSupported` for a type that Tessera does not
    ///   have, and what reading a file throws.
    package func tensor() throws -> Tensor {
        let shape = try shape()
        let type = try ElementType(onnx: proto.dataType)
        let byteCount = Shape.saturatingProduct(shape.elementCount, type.byteCount)
        let tensor: Tensor
        if proto.dataLocation == .external {
            guard let external else { throw malformed("its data stands in another file, but the model in none") }
            tensor = try external.tensor(proto, shape: shape, elementType: type, byteCount: byteCount)
        } else if let mapped {
            guard mapped.range.count == byteCount else { throw wrongSize(shape, type, found: mapped.range.count) }
            tensor = try mapped.file.tensor(mapped.range, shape: shape, elementType: type)
        } else if proto.hasRawData {
            guard proto.rawData.count == byteCount else { throw wrongSize(shape, type, found: proto.rawData.count) }
            tensor = try proto.rawData.withUnsafeBytes { try Tensor(copying: $0, shape: shape, elementType: type) }
        } else {
            tensor = try typedData(shape, type)
        }
        if type == .bool {
            guard tensor.withUnsafeBytes({ $0.allSatisfy { $0 <= 1 } }) else {
                throw malformed("expected booleans of 0 or 1, found another value")
            }
        }
        return tensor
    }

    private func typedData(_ shape: Shape, _ type: ElementType) throws -> Tensor {
        switch type {
        case .f32: return try tensor(shape, type, proto.floatData) { $0 }
        case .f64: return try tensor(shape, type, proto.doubleData) { $0 }
        case .i64: return try tensor(shape, type, proto.int64Data) { $0 }
        case .u64: return try tensor(shape, type, proto.uint64Data) { $0 }
        case .u32: return try tensor(shape, type, proto.uint64Data) { UInt32(exactly: $0) }
        case .i32: return try tensor(shape, type, proto.int32Data) { $0 }
        case .i16: return try tensor(shape, type, proto.int32Data) { Int16(exactly: $0) }
        case .i8: return try tensor(shape, type, proto.int32Data) { Int8(exactly: $0) }
        case .u8, .bool: return try tensor(shape, type, proto.int32Data) { UInt8(exactly: $0) }
        // 16-bit floats are given as their bits.
        case .u16, .f16, .bf16: return try tensor(shape, type, proto.int32Data) { UInt16(exactly: $0) }
        }
    }

    private func tensor<Stored, Element>(
        _ shape: Shape, _ type: ElementType, _ values: [Stored], _ convert: (Stored) -> Element?
    ) throws -> Tensor {
        guard values.count == shape.elementCount else {
            throw malformed("expected \(shape.elementCount) elements for \(shape), found \(values.count)")
        }
        let elements = values.compactMap(convert)
        guard elements.count == values.count else { throw malformed("an element does not fit its type \(type)") }
        return try elements.withUnsafeBytes { try Tensor(copying: $0, shape: shape, elementType: type) }
    }

    private func wrongSize(_ shape: Shape, _ type: ElementType, found: Int) -> TesseraError {
        let expected = Shape.saturatingProduct(shape.elementCount, type.byteCount)
        return malformed("expected \(expected) bytes for \(shape) \(type), found \(found)")
    }

    private func malformed(_ message: String) -> TesseraError {
        TesseraError(.malformedFile, "tensor '\(proto.name)': \(message)")
    }
}

extension Tensor {
    /// A tensor with a copy of the given bytes, which must be as many as it takes.
    init(copying bytes: UnsafeRawBufferPointer, shape: Shape, elementType: ElementType) throws {
        try self.init(zeros: shape, elementType: elementType)
        withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix($0.count))) }
    }
}
