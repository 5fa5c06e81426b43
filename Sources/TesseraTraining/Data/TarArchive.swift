import TesseraCore

/// The files of a tar archive (POSIX ustar, with the long names of GNU and pax), those that are links to others of it as well.
struct TarArchive {
    struct Entry {
        let name: String
        let range: Range<Int>
    }

    private struct Link {
        let name: String
        let target: String
        let isSymbolic: Bool

        /// Where it leads within the archive: a symbolic one counts from its own folder, another one from the root. Nil if that lies
        /// outside.
        var path: String? {
            guard isSymbolic else { return TarArchive.normalized(target) }
            let folder = name.lastIndex(of: "/").map { String(name[...$0]) } ?? ""
            return target.hasPrefix("/") ? nil : TarArchive.normalized(folder + target)
        }
    }

    let bytes: [UInt8]
    let entries: [Entry]

    private static let block = 512

    /// - Throws: `malformedFile` if the archive ends within a file, or is none.
    init(_ bytes: [UInt8], path: String) throws {
        self.bytes = bytes
        var entries: [Entry] = []
        var offset = 0
        var links: [Link] = []
        var (longName, longTarget): (String?, String?)
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
            let prefix = text(257, 5) == "ustar" && text(263, 2) == "00" ? text(345, 155) : ""
            let name = longName ?? (prefix.isEmpty ? text(0, 100) : prefix + "/" + text(0, 100))
            let content = bytes[start..<start + size]
            let kind = bytes[offset + 156]
            switch kind {
            case UInt8(ascii: "L"): longName = String(decoding: content.prefix { $0 != 0 }, as: UTF8.self)
            case UInt8(ascii: "K"): longTarget = String(decoding: content.prefix { $0 != 0 }, as: UTF8.self)
            case UInt8(ascii: "x"):
                longName = Self.paxValue("path", in: content) ?? longName
                longTarget = Self.paxValue("linkpath", in: content) ?? longTarget
            // Records for all that follows, of which names are none.
            case UInt8(ascii: "g"): break
            default:
                if kind == UInt8(ascii: "0") || kind == 0 {
                    entries.append(Entry(name: name, range: start..<start + size))
                } else if kind == UInt8(ascii: "1") || kind == UInt8(ascii: "2") {
                    let target = longTarget ?? text(157, 100)
                    links.append(Link(name: name, target: target, isSymbolic: kind == UInt8(ascii: "2")))
                }
                (longName, longTarget) = (nil, nil)
            }
            offset = start + (size + Self.block - 1) / Self.block * Self.block
        }
        guard isComplete || (offset == bytes.count && offset > 0) else {
            throw problem("expected more than \(bytes.count) bytes")
        }
        self.entries =
            try entries
            + Self.resolve(links, among: entries) { name, target in
                problem("'\(name)' is a link to '\(target)', which is not in it")
            }
    }

    /// The files that links stand for, over at most as many others as file systems follow. What a symbolic link leads to may lie outside of
    /// the archive: then it is no file of it.
    ///
    /// - Throws: `error` for another link whose target is missing.
    private static func resolve(
        _ links: [Link], among entries: [Entry], error: (String, String) -> TesseraError
    ) throws -> [Entry] {
        var ranges: [String: Range<Int>] = [:]
        var targets: [String: String] = [:]
        for entry in entries { if let name = normalized(entry.name) { ranges[name] = entry.range } }
        for link in links { if let name = normalized(link.name) { targets[name] = link.path } }
        return try links.compactMap { link in
            var path = link.path
            for _ in 0..<40 { if let next = path, ranges[next] == nil { path = targets[next] } }
            if let path, let range = ranges[path] { return Entry(name: link.name, range: range) }
            guard link.isSymbolic else { throw error(link.name, link.target) }
            return nil
        }
    }

    /// A path without `.`, `..` and empty parts; nil if it leads out of the archive.
    fileprivate static func normalized(_ path: String) -> String? {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            guard part == ".." else {
                parts.append(part)
                continue
            }
            guard parts.popLast() != nil else { return nil }
        }
        return parts.joined(separator: "/")
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

    /// One of the pax records, `LENGTH KEY=VALUE`.
    private static func paxValue(_ key: String, in bytes: ArraySlice<UInt8>) -> String? {
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { continue }
            let record = line[line.index(after: space)...]
            if record.hasPrefix(key + "=") { return String(record.dropFirst(key.count + 1)) }
        }
        return nil
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.prefix { $0 != " " }) }
}
