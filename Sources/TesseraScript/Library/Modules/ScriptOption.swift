import Tessera

/// An option that a module of a script declares: `{default = 0.5, summary = "the part that goes"}`.
struct ScriptOption: Sendable {
    let name: String
    let type: Kind
    let summary: String
    let fallback: Configuration?

    enum Kind: String, CaseIterable, Sendable {
        case boolean, integer, number, string, table
    }

    init(_ name: String, _ value: ScriptValue) throws {
        self.name = name
        (type, summary, fallback) = try locatingErrors(path: "option '\(name)'") {
            var about = NamedOptions(try value.requireNamed(), of: name)
            let fallback = try about.take("default") { $0 }
            let type = try about.take("type") { value in
                guard let kind = Kind(rawValue: try value.requireString()) else {
                    let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
                    throw TesseraError(.invalidArgument, "expected one of \(kinds), got \(value)")
                }
                return kind
            }
            let summary = try about.string("summary") ?? ""
            try about.finish()
            guard let kind = type ?? fallback.flatMap(Self.kind) else {
                throw TesseraError(.invalidArgument, "missing 'type' or 'default'")
            }
            return (kind, summary, try fallback?.configuration())
        }
        if let fallback { _ = try self.value(fallback) }
    }

    private static func kind(of value: ScriptValue) -> Kind? {
        switch value {
        case .bool: .boolean
        case .integer: .integer
        case .number: .number
        case .string: .string
        case .table: .table
        default: nil
        }
    }

    /// What the function gets for a value.
    ///
    /// - Throws: `invalidArgument` for one of another type.
    func value(_ given: Configuration) throws -> ScriptValue {
        try locatingErrors(path: "option '\(name)'") {
            let value = ScriptValue(given)
            switch type {
            case .boolean: return .bool(try value.requireBool())
            case .integer: return .integer(try value.requireInteger())
            case .number: return .number(try value.requireNumber())
            case .string: return .string(try value.requireString())
            case .table: return .table(try value.requireTable())
            }
        }
    }

    /// The option as registries list it.
    var key: KeyDescription {
        let schema: ConfigurationSchema =
            switch type {
            case .boolean: .boolean
            case .integer: .integer
            case .number: .number
            case .string: .string
            case .table: .any
            }
        return KeyDescription(name: name, isRequired: false, type: type.rawValue, summary: summary, schema: schema)
    }
}
