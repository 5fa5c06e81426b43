/// What values a key takes, for JSON Schemas and documentation.
public indirect enum ConfigurationSchema: Sendable {
    case any
    case null
    case integer
    case number
    case boolean
    /// A text; a number stands for its digits.
    case string
    /// A text, and no number.
    case text
    case choice([String])
    case list(ConfigurationSchema)
    case either([ConfigurationSchema])
    /// A map of declared keys, and no others.
    case map([KeyDescription])
    /// A map whose keys are anything.
    case entries(ConfigurationSchema)
    /// One that is defined elsewhere in the document.
    case reference(String)

    /// The keys of a type, or what its shorthand key takes.
    public init(_ type: (some Configurable).Type) {
        let keys = type.keys.map(\.description)
        guard let shorthand = keys.first(where: { $0.name == type.shorthandKey }) else {
            self = .map(keys)
            return
        }
        self = .either([shorthand.schema, .map(keys)])
    }

    /// The JSON Schema.
    ///
    /// - Parameter template: what may stand for any value beside what is declared, such as the name of a variable; nil for
    ///   nothing.
    public func json(template: ConfigurationSchema? = nil) -> Configuration {
        let own: Configuration
        switch self {
        case .any: return .empty
        case .null: return Self.type("null")
        case .reference(let name): return .map([("$ref", "#/$defs/\(name)".configuration)])
        case .integer: own = Self.type("integer")
        case .number: own = Self.type("number")
        case .text: own = Self.type("string")
        case .boolean: own = Self.type("boolean")
        case .string: return .map([("type", ["string", "number"].configuration)])
        case .choice(let names): own = .map([("enum", names.configuration)])
        case .list(let element):
            own = .map([("type", "array".configuration), ("items", element.json(template: template))])
        case .either(let schemas): return Self.anyOf(schemas.map { $0.json(template: template) })
        case .entries(let value):
            return .map([
                ("type", "object".configuration), ("additionalProperties", value.json(template: template)),
            ])
        case .map(let keys): return Self.object(keys, template: template)
        }
        guard let template else { return own }
        return Self.anyOf([own, template.json()])
    }

    private static func type(_ name: String) -> Configuration { .map([("type", name.configuration)]) }

    private static func anyOf(_ schemas: [Configuration]) -> Configuration {
        var distinct: [Configuration] = []
        for schema in schemas {
            // Choices among choices are one list of choices.
            let parts = (try? schema["anyOf"]?.elements()) ?? [schema]
            for part in parts where !distinct.contains(part) { distinct.append(part) }
        }
        return distinct.count == 1 ? distinct[0] : .map([("anyOf", distinct.configuration)])
    }

    /// A map with the declared keys.
    public static func object(_ keys: [KeyDescription], template: ConfigurationSchema? = nil) -> Configuration {
        var entries: [(String, Configuration)] = [
            ("type", "object".configuration),
            ("properties", .map(keys.map { ($0.name, $0.property($0.schema.json(template: template))) })),
        ]
        let required = keys.filter(\.isRequired).map(\.name)
        if !required.isEmpty { entries.append(("required", required.configuration)) }
        entries.append(("additionalProperties", false.configuration))
        return .map(entries)
    }
}

extension KeyDescription {
    /// The JSON Schema of the key: what it is, its default, and what it takes.
    public func property(_ schema: Configuration) -> Configuration {
        var entries = [("description", summary.configuration)]
        if let fallback, !fallback.isNull { entries.append(("default", fallback)) }
        return .map(entries + ((try? schema.entries()) ?? []).map { ($0.key, $0.value) })
    }
}

extension Configuration {
    /// The content as JSON of several lines; what is short stands on one.
    ///
    /// Numbers that JSON has no notation for become texts.
    public func json(indent: String = "") -> String {
        let line = compactJSON
        guard line.count + indent.count > 100 else { return line }
        let inner = indent + "  "
        switch content {
        case .list(let elements):
            return "[\n" + elements.map { inner + $0.json(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .map(let entries):
            let lines = entries.map { "\(inner)\(Self.quoted($0.key)): \($0.value.json(indent: inner))" }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        default: return line
        }
    }

    private var compactJSON: String {
        switch content {
        case .null: "null"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): value.isFinite ? String(value) : Self.quoted(String(value))
        case .string(let value): Self.quoted(value)
        case .list(let elements): "[" + elements.map(\.compactJSON).joined(separator: ", ") + "]"
        case .map(let entries):
            "{" + entries.map { "\(Self.quoted($0.key)): \($0.value.compactJSON)" }.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
