import TesseraCore

/// Writes values as YAML that `YAMLReader` reads as the same values, as a person would write them.
public enum YAMLWriter {
    /// The longest line that is written, as long as there is a way to make it shorter.
    public static let lineLength = 112

    /// A value on one line, in flow style.
    public static func flow(_ configuration: Configuration) -> String {
        switch configuration.content {
        case .null: "null"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): number(value)
        case .string(let value): string(value)
        case .list(let elements): "[" + elements.map(flow).joined(separator: ", ") + "]"
        case .map(let entries):
            "{" + entries.map { "\(string($0.key)): \(flow($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    /// The lines of `key: value`: one in flow style if it is short enough, else the value in block style.
    ///
    /// - Parameter indent: what stands before the key.
    public static func lines(_ key: String, _ value: Configuration, indent: String = "") -> [String] {
        let line = indent + string(key) + (value.isNull ? ":" : ": " + flow(value))
        let inner = String(repeating: " ", count: indent.count + 2)
        guard line.count > lineLength else { return [line] }
        switch value.content {
        case .list(let elements) where !elements.isEmpty && elements.contains(where: \.isNested):
            return [indent + string(key) + ":"] + elements.flatMap { self.lines(of: $0, indent: inner) }
        case .map(let entries) where !entries.isEmpty:
            return [indent + string(key) + ":"] + entries.flatMap { self.lines($0.key, $0.value, indent: inner) }
        case .list(let elements) where elements.count > 1:
            return wrapped(indent + string(key) + ": [", elements.map(flow), indent: inner)
        default: return [line]
        }
    }

    /// The lines of a value in a list.
    public static func lines(of element: Configuration, indent: String) -> [String] {
        guard case .map(let entries) = element.content, let first = entries.first else {
            return [indent + "- " + flow(element)]
        }
        guard entries.count == 1 else {
            // The first key shares its line with the dash.
            let inner = String(repeating: " ", count: indent.count + 2)
            var lines = entries.flatMap { self.lines($0.key, $0.value, indent: inner) }
            lines[0] = indent + "- " + lines[0].dropFirst(inner.count)
            return lines
        }
        var lines = self.lines(first.key, first.value, indent: indent + "  ")
        lines[0] = indent + "- " + lines[0].dropFirst(indent.count + 2)
        // What belongs to the key stands further in than the key, which stands after the dash.
        return lines
    }

    private static func wrapped(_ start: String, _ elements: [String], indent: String) -> [String] {
        var lines: [String] = []
        var line = start
        for (index, element) in elements.enumerated() {
            let text = element + (index == elements.count - 1 ? "]" : ",")
            let isFirst = line == start || line == indent
            if !isFirst, line.count + 1 + text.count > lineLength {
                lines.append(line)
                line = indent + text
            } else {
                line += (isFirst ? "" : " ") + text
            }
        }
        return lines + [line]
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return ".nan" }
        if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
        return String(value)
    }

    /// A text without quotes where that is read as the same text, in double quotes elsewhere.
    static func string(_ text: String) -> String {
        if isPlain(text), case .string = YAMLScalar.plain(text) { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return result + "\""
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, first.isWordByte, last != UInt8(ascii: " ") else {
            return false
        }
        return text.utf8.allSatisfy { $0.isWordByte || "./-+ ".utf8.contains($0) }
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator, .privateUse: false
        default: true
        }
    }
}

extension Configuration {
    fileprivate var isNested: Bool {
        switch content {
        case .list(let elements): !elements.isEmpty
        case .map(let entries): !entries.isEmpty
        default: false
        }
    }
}

extension UInt8 {
    fileprivate var isWordByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
