import TesseraCore

/// What a scalar's text means by YAML 1.2's core schema.
enum YAMLScalar {
    private static let standardTags = "tag:yaml.org,2002:"

    /// - Throws: `malformedFile` for a tag the core schema does not have, or that the text does not fit.
    static func content(
        of text: String, tag: String?, isPlain: Bool, at location: SourceLocation
    ) throws -> Configuration.Content {
        guard let tag else { return isPlain ? plain(text) : .string(text) }
        guard tag != "!", tag != standardTags + "str" else { return .string(text) }
        let content = plain(text)
        switch (content, tag) {
        case (.null, standardTags + "null"), (.bool, standardTags + "bool"), (.integer, standardTags + "int"),
            (.number, standardTags + "float"):
            return content
        case (.integer(let value), standardTags + "float"): return .number(Double(value))
        default:
            throw TesseraError(.malformedFile, "'\(text)' does not fit the tag '\(tag)'", location: location)
        }
    }

    /// The meaning of a scalar without quotes.
    static func plain(_ text: String) -> Configuration.Content {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
        default: break
        }
        if let integer = integer(text) { return .integer(integer) }
        if isFloat(text), let number = Double(text) { return .number(number) }
        return .string(text)
    }

    private static func integer(_ text: String) -> Int? {
        if text.hasPrefix("0o") { return unsigned(text.dropFirst(2), radix: 8) }
        if text.hasPrefix("0x") { return unsigned(text.dropFirst(2), radix: 16) }
        return Int(text)
    }

    private static func unsigned(_ digits: Substring, radix: Int) -> Int? {
        guard let first = digits.first, first != "+", first != "-" else { return nil }
        return Int(digits, radix: radix)
    }

    /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isFloat(_ text: String) -> Bool {
        var rest = Substring(text).utf8[...]
        func digits() -> Int {
            let count = rest.prefix { (48...57).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        func skip(_ characters: String) -> Bool {
            guard let first = rest.first, characters.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = skip("+-")
        let whole = digits()
        let fraction = skip(".") ? digits() : 0
        guard whole + fraction > 0 else { return false }
        if skip("eE") {
            _ = skip("+-")
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
