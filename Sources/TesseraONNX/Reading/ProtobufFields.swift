import TesseraCore

/// The fields of a protobuf message, looked at one after another without reading what is in them.
///
/// Encoding: https://protobuf.dev/programming-guides/encoding
struct ProtobufFields {
    struct Field {
        let number: Int
        /// What a string, bytes or message field holds; nil for a number.
        let content: Range<Int>?
        /// The field with its tag.
        let whole: Range<Int>
    }

    private let bytes: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int

    /// - Parameters:
    ///   - bytes: the whole file; all ranges are offsets into it.
    ///   - range: where the message stands.
    init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field; nil after the last.
    ///
    /// - Throws: `malformedFile` if there is no whole field.
    mutating func next() throws -> Field? {
        guard position < end else { return nil }
        let start = position
        let tag = try varint()
        guard let number = Int(exactly: tag >> 3), number > 0 else {
            throw malformed("a field has no number", at: start)
        }
        var content: Range<Int>?
        switch tag & 7 {
        case 0: _ = try varint()
        case 1: try skip(8)
        case 5: try skip(4)
        case 2:
            let length = try varint()
            guard let length = Int(exactly: length), length <= end - position else {
                throw malformed("expected a field of at most \(end - position) bytes, found \(length)", at: start)
            }
            content = position..<position + length
            position += length
        default: throw malformed("a field has the unknown kind \(tag & 7)", at: start)
        }
        return Field(number: number, content: content, whole: start..<position)
    }

    private mutating func skip(_ count: Int) throws {
        guard count <= end - position else { throw malformed("it ends within a number", at: position) }
        position += count
    }

    private mutating func varint() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard position < end else { throw malformed("it ends within a number", at: position) }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte & 0x80 == 0 { return value }
        }
        throw malformed("expected a number of at most 10 bytes", at: position)
    }

    private func malformed(_ message: String, at offset: Int) -> TesseraError {
        TesseraError(.malformedFile, "not a valid ONNX model: at byte \(offset): \(message)")
    }
}
