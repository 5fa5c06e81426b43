import Foundation
import TesseraCore

extension SafetensorsFile {
    /// Writes tensors by name. The path holds all of them afterwards, or what it held before if writing fails.
    ///
    /// - Throws: `inputOutput` if writing fails; `invalidArgument` for a tensor named `__metadata__`.
    public static func write(
        _ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String
    ) throws {
        guard tensors["__metadata__"] == nil else {
            throw TesseraError(.invalidArgument, "a tensor cannot be named '__metadata__' in a safetensors file")
        }
        // The widest types first keeps every tensor aligned for its own.
        let ordered = tensors.sorted {
            ($1.value.elementType.byteCount, $0.key) < ($0.value.elementType.byteCount, $1.key)
        }
        let header = try header(of: ordered, metadata: metadata)
        try replaceFile(at: path) { writer in
            try withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { try writer.write($0) }
            try writer.write(header)
            for (_, tensor) in ordered { try writer.write(tensor) }
        }
    }

    private static func header(of tensors: [(key: String, value: Tensor)], metadata: [String: String]) throws -> String
    {
        var items: [String] = []
        if !metadata.isEmpty { items.append("\"__metadata__\":\(try json(metadata))") }
        var offset = 0
        for (name, tensor) in tensors {
            let end = offset + tensor.byteCount
            items.append(
                "\(try json(name)):{\"dtype\":\"\(SafetensorsFile.typeName(tensor.elementType))\","
                    + "\"shape\":\(try json(tensor.shape.dimensions)),\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        let text = "{" + items.joined(separator: ",") + "}"
        // The data starts where a kernel likes it, so that a mapping of it can be used in place.
        let start = (8 + text.utf8.count + Tensor.alignment - 1) / Tensor.alignment * Tensor.alignment
        return text + String(repeating: " ", count: start - 8 - text.utf8.count)
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
