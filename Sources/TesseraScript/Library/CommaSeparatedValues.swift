import Tessera

/// Rows of a text of comma-separated values (RFC 4180).
struct CommaSeparatedValues {
    private(set) var rows: [[String]] = []

    /// - Throws: `malformedFile` for a quotation without an end.
    init(_ text: String, file: String) throws {
        var (row, field, isQuoted) = ([String](), "", false)
        // An end of line is one character, even \r\n.
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if isQuoted {
                if character != "\"" {
                    field.append(character)
                } else if rest.first == "\"" {
                    field.append(rest.removeFirst())
                } else {
                    isQuoted = false
                }
            } else if character == "\"", field.isEmpty {
                isQuoted = true
            } else if character == "," {
                row.append(field)
                field = ""
            } else if character.isNewline {
                rows.append(row + [field])
                (row, field) = ([], "")
            } else {
                field.append(character)
            }
        }
        guard !isQuoted else {
            throw TesseraError(
                .malformedFile, "'\(file)': expected a quotation mark at the end of row \(rows.count + 1), found none")
        }
        if !row.isEmpty || !field.isEmpty { rows.append(row + [field]) }
    }
}
