import TesseraCore

/// NumPy's .npy files: one array each.
///
/// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3.
public enum NpyFile {
    /// The array in a file, in place if its data is aligned for its type.
    ///
    /// - Throws: `inputOutput` if it cannot be read, `malformedFile` with what was expected and found, `notSupported`
    ///   for another element type or column-major order.
    public static func read(_ path: String) throws -> Tensor {
        let file = try MappedFile(path: path)
        return try locatingErrors(path: "'\(path)'") {
            let header = try NpyHeader(file)
            let expected = Shape.saturatingProduct(header.shape.elementCount, try header.elementType.byteCount)
            let found = file.bytes.count - header.dataStart
            guard expected == found else {
                throw TesseraError(
                    .malformedFile,
                    "expected \(expected) bytes of data for \(header.shape) \(header.type), found \(found)")
            }
            let range = header.dataStart..<file.bytes.count
            return try file.tensor(range, shape: header.shape, elementType: header.elementType)
        }
    }

    /// Writes a tensor. The path holds all of it afterwards, or what it held before if writing fails.
    ///
    /// - Throws: `inputOutput` if writing fails; `notSupported` for bf16, which NumPy does not have.
    public static func write(_ tensor: Tensor, to path: String) throws {
        guard let type = NpyHeader.elementTypes.first(where: { $0.value == tensor.elementType })?.key else {
            throw TesseraError(.notSupported, "'\(path)': a .npy file cannot hold \(tensor.elementType)")
        }
        let header = NpyHeader.bytes(type: type, shape: tensor.shape)
        try replaceFile(at: path) { writer in
            try header.withUnsafeBytes { try writer.write($0) }
            try writer.write(tensor)
        }
    }
}
