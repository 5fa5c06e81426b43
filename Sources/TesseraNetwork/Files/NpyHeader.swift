import TesseraCore

/// The header of a .npy file: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NpyHeader {
    private(set) var type = ""
    private(set) var shape: Shape = []
    /// Where in the file the data begins.
    private(set) var dataStart = 0

    static let elementTypes: [String: ElementType] = [
        "<f8": .f64, "<f4": .f32, "<f2": .f16, "<i8": .i64, "<i4": .i32, "<i2": .i16, "|i1": .i8, "<u8": .u64,
        "<u4": .u32, "<u2": .u16, "|u1": .u8, "|b1": .bool,
    ]

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// - Throws: `malformedFile` with what was expected, `notSupported` for column-major order.
    init(_ file: MappedFile) throws {
        guard file.bytes.starts(with: Self.magic), let version = file.integer(UInt8.self, at: 6) else {
            throw TesseraError(.malformedFile, "expected a .npy file, found other content")
        }
        guard (1...3).contains(version) else {
            throw TesseraError(.notSupported, "expected .npy version 1 to 3, found \(version)")
        }
        let start = version == 1 ? 10 : 12
        let length =
            version == 1
            ? file.integer(UInt16.self, at: 8).map(Int.init) : file.integer(UInt32.self, at: 8).map(Int.init)
        guard let length, length <= file.bytes.count - start, length <= 1 << 20 else {
            throw TesseraError(
                .malformedFile,
                "expected a header inside the file's \(file.bytes.count) bytes, found a length of \(length ?? 0)")
        }
        guard let text = file.text(start..<start + length) else {
            throw TesseraError(.malformedFile, "the header is not text")
        }
        dataStart = start + length
        try parse(text)
    }

    /// The type the data has as a tensor.
    var elementType: ElementType {
        get throws {
            if let known = Self.elementTypes[type] { return known }
            let names = Self.elementTypes.keys.sorted().joined(separator: ", ")
            throw TesseraError(.notSupported, "expected an array of \(names), found '\(type)'")
        }
    }

    /// A header of version 1, padded so that the data is aligned.
    static func bytes(type: String, shape: Shape) -> [UInt8] {
        let sizes = shape.dimensions.map(String.init).joined(separator: ", ") + (shape.rank == 1 ? "," : "")
        let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
        let total = (10 + text.utf8.count + 1 + Tensor.alignment - 1) / Tensor.alignment * Tensor.alignment
        let padded = text + String(repeating: " ", count: total - 11 - text.utf8.count) + "\n"
        let length = UInt16(truncatingIfNeeded: padded.utf8.count)
        return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(padded.utf8)
    }

    /// Reads the Python dictionary, whose three keys come in any order.
    private mutating func parse(_ text: String) throws {
        var rest = Substring(text)
        var found: Set<String> = []
        try Self.expect("{", &rest)
        while !Self.skip("}", &rest) {
            let key = try Self.quoted(&rest)
            try Self.expect(":", &rest)
            switch key {
            case "descr": type = try Self.typeName(&rest)
            case "fortran_order":
                guard Self.skip("False", &rest) else {
                    throw TesseraError(.notSupported, "expected an array in C order, found fortran_order: True")
                }
            case "shape": shape = try Self.tuple(&rest)
            default: throw TesseraError(.malformedFile, "unknown key '\(key)' in the header")
            }
            found.insert(key)
            if !Self.skip(",", &rest), rest.first != "}" { try Self.expect(",", &rest) }
        }
        for key in ["descr", "fortran_order", "shape"] where !found.contains(key) {
            throw TesseraError(.malformedFile, "missing '\(key)' in the header")
        }
    }

    private static func typeName(_ rest: inout Substring) throws -> String {
        guard !skip("[", &rest) else {
            throw TesseraError(.notSupported, "expected an array of numbers, found one of records")
        }
        let name = try quoted(&rest)
        // The byte order of single bytes means nothing.
        return name.dropFirst() == "u1" || name.dropFirst() == "i1" ? "|" + name.dropFirst() : name
    }

    private static func tuple(_ rest: inout Substring) throws -> Shape {
        var sizes: [Int] = []
        try expect("(", &rest)
        while !skip(")", &rest) {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let size = Int(digits), sizes.count < 16 else {
                throw TesseraError(.malformedFile, "expected a shape of at most 16 sizes, found '\(rest.prefix(20))'")
            }
            sizes.append(size)
            rest = rest.dropFirst(digits.count)
            if !skip(",", &rest), rest.first != ")" { try expect(",", &rest) }
        }
        return Shape(sizes)
    }

    private static func quoted(_ rest: inout Substring) throws -> String {
        skipSpaces(&rest)
        guard let quote = rest.first, quote == "'" || quote == "\"", let end = rest.dropFirst().firstIndex(of: quote)
        else { throw TesseraError(.malformedFile, "expected a quoted word in the header, found '\(rest.prefix(20))'") }
        defer { rest = rest[rest.index(after: end)...] }
        return String(rest[rest.index(after: rest.startIndex)..<end])
    }

    private static func expect(_ token: String, _ rest: inout Substring) throws {
        guard skip(token, &rest) else {
            throw TesseraError(.malformedFile, "expected '\(token)' in the header, found '\(rest.prefix(20))'")
        }
    }

    /// Steps over `token` and the spaces around it, if it is next.
    private static func skip(_ token: String, _ rest: inout Substring) -> Bool {
        skipSpaces(&rest)
        guard rest.hasPrefix(token) else { return false }
        rest = rest.dropFirst(token.count)
        skipSpaces(&rest)
        return true
    }

    private static func skipSpaces(_ rest: inout Substring) {
        rest = rest.drop { $0 == " " || $0 == "\n" }
    }
}
