import TesseraCore

extension ScriptValue {
    /// The value as configuration, as if it stood in a file.
    ///
    /// A number without a fraction is an integer, as Lua does not always tell them apart. An empty table is an empty list.
    ///
    /// - Throws: `invalidArgument` for functions, objects, and tables that mix a list with named entries.
    public func configuration() throws -> Configuration {
        switch self {
        case .nil: return Configuration(.null)
        case .bool(let value): return Configuration(.bool(value))
        case .integer(let value): return Configuration(.integer(value))
        case .number(let value):
            return Configuration(Int(exactly: value).map(Configuration.Content.integer) ?? .number(value))
        case .string(let value): return Configuration(.string(value))
        case .table(let table):
            if table.entries.isEmpty {
                return Configuration(
                    .list(
                        try table.array.enumerated().map { index, value in
                            try locatingErrors(at: "[\(index + 1)]", before: ".") { try value.configuration() }
                        }))
            }
            guard table.array.isEmpty else {
                throw TesseraError(
                    .invalidArgument, "expected a list or named entries, got both in one table: \(table)")
            }
            return try Self.configuration(of: table.entries)
        case .bytes, .function, .object:
            throw TesseraError(.invalidArgument, "expected numbers, text or tables of them, got \(kind)")
        }
    }

    /// Named entries as a map, sorted by name. An error says where it is: `a.b[2].c`.
    static func configuration(of entries: [String: ScriptValue]) throws -> Configuration {
        .map(
            try entries.sorted { $0.key < $1.key }.map { name, value in
                (name, try locatingErrors(at: name, before: ".") { try value.configuration() })
            })
    }

    /// Configuration as a script would write it.
    public init(_ configuration: Configuration) {
        switch configuration.content {
        case .null: self = .nil
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .list(let elements): self = .table(ScriptTable(array: elements.map(ScriptValue.init)))
        case .map(let entries):
            let named = entries.map { ($0.key, ScriptValue($0.value)) }
            self = .table(ScriptTable(entries: Dictionary(named, uniquingKeysWith: { first, _ in first })))
        }
    }
}
