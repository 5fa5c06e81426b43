import Foundation
import TesseraCore

/// What the header of a safetensors file says: the type, shape and place of each tensor.
struct SafetensorsHeader {
    struct Entry {
        /// As the file spells it: `F32`.
        var type: String
        var shape: Shape
        /// Offsets into the file.
        var range: Range<Int>
    }

    /// The longest header that is read, in bytes; the reference implementation has the same limit.
    static let lengthLimit = 100_000_000

    private(set) var entries: [String: Entry] = [:]
    private(set) var metadata: [String: String] = [:]

    /// - Throws: `malformedFile` if anything in it is not so, or does not fit the size of the file.
    init(_ file: MappedFile) throws {
        guard let length = file.integer(UInt64.self, at: 0) else {
            throw Self.malformed(file, "expected at least 8 bytes, found \(file.bytes.count)")
        }
        let limit = min(file.bytes.count - 8, Self.lengthLimit)
        guard let length = Int(exactly: length), length <= limit else {
            throw Self.malformed(file, "expected a header of at most \(limit) bytes, found a length of \(length)")
        }
        guard let text = file.text(8..<8 + length) else { throw Self.malformed(file, "the header is not UTF-8") }
        for (name, item) in try Self.items(of: text, in: file) {
            switch item {
            case .metadata(let metadata): self.metadata = metadata
            case .tensor(let item):
                entries[name] = try Self.entry(item, name: name, dataStart: 8 + length, in: file)
            }
        }
    }

    private static func items(of text: String, in file: MappedFile) throws -> [String: Item] {
        do {
            return try JSONDecoder().decode([String: Item].self, from: Data(text.utf8))
        } catch let error as DecodingError {
            throw malformed(file, describe(error))
        }
    }

    private static func entry(_ item: Item.Tensor, name: String, dataStart: Int, in file: MappedFile) throws -> Entry {
        let dataSize = file.bytes.count - dataStart
        let offsets = item.data_offsets
        guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
            throw malformed(file, "tensor '\(name)': expected data_offsets [begin, end], found \(offsets)")
        }
        guard item.shape.allSatisfy({ $0 >= 0 }), item.shape.count <= 16 else {
            throw malformed(file, "tensor '\(name)': expected a shape of at most 16 sizes from 0, found \(item.shape)")
        }
        guard offsets[1] <= dataSize else {
            throw malformed(
                file,
                "tensor '\(name)': expected data within the \(dataSize) bytes after the header, found it to end at \(offsets[1])"
            )
        }
        let shape = Shape(item.shape)
        if let size = elementSizes[item.dtype] {
            let expected = Shape.saturatingProduct(shape.elementCount, size)
            guard expected == offsets[1] - offsets[0] else {
                throw malformed(
                    file,
                    "tensor '\(name)': expected \(expected) bytes for \(shape) \(item.dtype), found \(offsets[1] - offsets[0])"
                )
            }
        }
        return Entry(type: item.dtype, shape: shape, range: dataStart + offsets[0]..<dataStart + offsets[1])
    }

    /// Bytes per element of the types that take whole bytes.
    private static let elementSizes = [
        "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2,
        "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
    ]

    private static func malformed(_ file: MappedFile, _ message: String) -> TesseraError {
        TesseraError(.malformedFile, "'\(file.path)' is not a valid safetensors file: \(message)")
    }

    private static func describe(_ error: DecodingError) -> String {
        let context: DecodingError.Context
        switch error {
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found): context = found
        case .keyNotFound(let key, let found):
            return "tensor '\(found.codingPath.first?.stringValue ?? "")': missing '\(key.stringValue)'"
        @unknown default: return "the header is not as expected"
        }
        guard let name = context.codingPath.first?.stringValue else {
            let cause = (context.underlyingError as NSError?)?.userInfo[NSDebugDescriptionErrorKey] as? String
            return "expected a header of JSON: \(cause ?? context.debugDescription)"
        }
        let field = context.codingPath.dropFirst().map(\.stringValue).joined(separator: ".")
        return "tensor '\(name)': \(field.isEmpty ? "" : field + ": ")\(context.debugDescription)"
    }
}

extension SafetensorsHeader {
    /// One entry of the header as it is written.
    fileprivate enum Item: Decodable {
        case metadata([String: String])
        case tensor(Tensor)

        struct Tensor: Decodable {
            var dtype: String
            var shape: [Int]
            var data_offsets: [Int]
        }

        init(from decoder: any Decoder) throws {
            if decoder.codingPath.last?.stringValue == "__metadata__" {
                self = .metadata(try [String: String](from: decoder))
            } else {
                self = .tensor(try Tensor(from: decoder))
            }
        }
    }
}
