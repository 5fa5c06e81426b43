import Tessera

/// Rows of a text of comma-separated values (RFC 4180).
struct CommaSeparatedValues {
    /// What a field takes here and in Lua, about.
    static let bytesOfField = 96

    private(set) var rows: [[ScriptValue]] = []

    /// - Throws: `malformedFile` for a quotation without an end.
    init(_ text: String, file: String) throws {
        var row: [ScriptValue] = []
        var (field, isQuotation, wasQuoted) = ("", false, false)
        func value() -> ScriptValue { (wasQuoted ? nil : Self.number(field)) ?? .string(field) }
        // An end of line is one character, even \r\n.
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if isQuotation {
                if character != "\"" {
                    field.append(character)
                } else if rest.first == "\"" {
                    field.append(rest.removeFirst())
                } else {
                    isQuotation = false
                }
            } else if character == "\"", field.isEmpty, !wasQuoted {
                (isQuotation, wasQuoted) = (true, true)
            } else if character == "," {
                row.append(value())
                (field, wasQuoted) = ("", false)
            } else if character.isNewline {
                rows.append(row + [value()])
                (row, field, wasQuoted) = ([], "", false)
            } else {
                field.append(character)
            }
        }
        guard !isQuotation else {
            throw TesseraError(
                .malformedFile, "'\(file)': expected a quotation mark at the end of row \(rows.count + 1), found none")
        }
        if !row.isEmpty || !field.isEmpty || wasQuoted { rows.append(row + [value()]) }
    }

    /// The most fields that there may be in a text.
    static func fieldCount(of text: String) -> Int {
        1 + text.utf8.count { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    }

    /// A field as it is written, quoted where it would be read as something else otherwise.
    ///
    /// - Throws: `invalidArgument` for what is no text, number or boolean.
    static func field(_ value: ScriptValue) throws -> String {
        switch value {
        case .string(let text):
            let isPlain = !text.contains { $0 == "," || $0 == "\"" || $0.isNewline } && number(text) == nil
            return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
        case .integer, .number, .bool: return value.description
        default: throw value.unexpected("text, a number or a boolean")
        }
    }

    /// The number that a text is: decimals without further zeros in front, as in JSON. Others, such as 007, are names of something.
    private static func number(_ text: String) -> ScriptValue? {
        var digits = text.utf8[...]
        if digits.first == UInt8(ascii: "-") { digits.removeFirst() }
        guard let first = digits.popFirst(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        if first == UInt8(ascii: "0"), let next = digits.first, !".eE".utf8.contains(next) { return nil }
        if let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { return nil }
        return .number(number)
    }
}
