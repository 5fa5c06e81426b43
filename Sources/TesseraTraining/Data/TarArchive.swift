import TesseraCore

/// The files of a tar archive (POSIX ustar, with the long names of GNU and pax).
struct TarArchive {
    struct Entry {
        let name: String
        let range: Range<Int>
    }

    let bytes: [UInt8]
    let entries: [Entry]

    private static let block = 512

    /// - Throws: `malformedFile` if the archive ends within a file, or is none.
    init(_ bytes: [UInt8], path: String) throws {
        self.bytes = bytes
        var entries: [Entry] = []
        var offset = 0
        var longName: String?
        var isComplete = false
        func problem(_ text: String) -> TesseraError {
            TesseraError(.malformedFile, "'\(path)' is no whole tar archive: \(text)")
        }
        while offset + Self.block <= bytes.count {
            let header = bytes[offset..<offset + Self.block]
            // Zeros end an archive.
            if header.allSatisfy({ $0 == 0 }) {
                isComplete = true
                break
            }
            func text(_ start: Int, _ count: Int) -> String {
                let field = header[(offset + start)..<(offset + start + count)].prefix { $0 != 0 }
                return String(decoding: field, as: UTF8.self)
            }
            guard Self.checksum(header) == Int(text(148, 8).trimmed, radix: 8) else {
                throw problem("the checksum at byte \(offset) is wrong")
            }
            guard let size = Self.size(header.dropFirst(124).prefix(12)) else {
                throw problem("the size at byte \(offset) is no number")
            }
            let start = offset + Self.block
            guard size >= 0, size <= bytes.count - start else {
                throw problem("expected \(size) bytes of '\(text(0, 100))', found \(bytes.count - start)")
            }
            let kind = bytes[offset + 156]
            switch kind {
            case UInt8(ascii: "L"):
                longName = String(decoding: bytes[start..<start + size].prefix { $0 != 0 }, as: UTF8.self)
            case UInt8(ascii: "x"): longName = Self.paxPath(bytes[start..<start + size]) ?? longName
            case UInt8(ascii: "0"), 0:
                let prefix = text(257, 5) == "ustar" && text(263, 2) == "00" ? text(345, 155) : ""
                let name = longName ?? (prefix.isEmpty ? text(0, 100) : prefix + "/" + text(0, 100))
                entries.append(Entry(name: name, range: start..<start + size))
                longName = nil
            default: if kind != UInt8(ascii: "g") { longName = nil }
            }
            offset = start + (size + Self.block - 1) / Self.block * Self.block
        }
        guard isComplete || (offset == bytes.count && offset > 0) else {
            throw problem("expected more than \(bytes.count) bytes")
        }
        self.entries = entries
    }

    /// The sum of the header's bytes, with spaces for the sum itself.
    private static func checksum(_ header: ArraySlice<UInt8>) -> Int {
        header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    }

    /// Octal digits, or for large files a binary number.
    private static func size(_ field: ArraySlice<UInt8>) -> Int? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            let value = field.dropFirst(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return Int(exactly: value)
        }
        return Int(String(decoding: field.prefix { $0 != 0 }, as: UTF8.self).trimmed, radix: 8)
    }

    /// The `path` of pax records, `LENGTH KEY=VALUE`.
    private static func paxPath(_ bytes: ArraySlice<UInt8>) -> String? {
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { continue }
            let record = line[line.index(after: space)...]
            if record.hasPrefix("path=") { return String(record.dropFirst(5)) }
        }
        return nil
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.prefix { $0 != " " }) }
}
