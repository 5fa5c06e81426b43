/// A type that is built from the keys it declares: an operator, a strategy, a section of a file.
///
/// The declaration is the single source for parsing, for writing back, for error messages and for schemas.
public protocol Configurable: Sendable {
    /// Every optional key at its default.
    init()
    static var keys: [Key<Self>] { get }
    /// The key that a lone value stands for (`relu` needs none, `flatten: 1` means its first key), if any.
    static var shorthandKey: String? { get }
    /// Checks what a single key cannot say.
    func validate() throws
}

/// One key of a `Configurable` type: its name, type, default, meaning.
public struct Key<Root>: Sendable {
    public let description: KeyDescription
    let read: @Sendable (Configuration, inout Root) throws -> Void
    let write: @Sendable (Root) -> Configuration?
    let value: @Sendable (Root) -> Configuration

    /// A key that may be left out; the default is what `Root()` holds.
    public init<Value: ConfigurationValue & Equatable>(
        _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ summary: String
    ) where Root: Configurable {
        self.init(name, path, required: false, fallback: { Root()[keyPath: path].configuration }, summary) { root in
            root[keyPath: path] == Root()[keyPath: path] ? nil : root[keyPath: path].configuration
        }
    }

    /// A key that must be there.
    public init<Value: ConfigurationValue>(
        required name: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ summary: String
    ) {
        self.init(name, path, required: true, fallback: { nil }, summary) { $0[keyPath: path].configuration }
    }

    private init<Value: ConfigurationValue>(
        _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, required: Bool,
        fallback: @escaping @Sendable () -> Configuration?, _ summary: String,
        write: @escaping @Sendable (Root) -> Configuration?
    ) {
        description = KeyDescription(
            name: name, isRequired: required, type: Value.typeDescription, summary: summary,
            makeSchema: { Value.schema }, makeFallback: fallback)
        read = { configuration, root in
            root[keyPath: path] = try locatingErrors(path: name, at: configuration.location) {
                try Value(configuration: configuration)
            }
        }
        self.write = write
        value = { $0[keyPath: path].configuration }
    }
}

/// What a key is, without the type it belongs to.
public struct KeyDescription: Sendable {
    public let name: String
    public let isRequired: Bool
    /// The kind of value, in words: "integer", "list of integers".
    public let type: String
    public let summary: String
    // Made when asked for: a declaration may contain itself, and defaults are of no use to most.
    let makeSchema: @Sendable () -> ConfigurationSchema
    let makeFallback: @Sendable () -> Configuration?

    /// A key that no type declares.
    public init(name: String, isRequired: Bool, type: String, summary: String, schema: ConfigurationSchema) {
        (self.name, self.isRequired, self.type, self.summary) = (name, isRequired, type, summary)
        (makeSchema, makeFallback) = ({ schema }, { nil })
    }

    init(
        name: String, isRequired: Bool, type: String, summary: String,
        makeSchema: @escaping @Sendable () -> ConfigurationSchema,
        makeFallback: @escaping @Sendable () -> Configuration?
    ) {
        (self.name, self.isRequired, self.type, self.summary) = (name, isRequired, type, summary)
        (self.makeSchema, self.makeFallback) = (makeSchema, makeFallback)
    }

    /// What it takes.
    public var schema: ConfigurationSchema { makeSchema() }

    /// The same key, which may be left out.
    public var optional: KeyDescription { changed(isRequired: false, schema: makeSchema) }

    /// The same key, which takes other values.
    public func taking(_ schema: ConfigurationSchema) -> KeyDescription {
        changed(isRequired: isRequired) { schema }
    }

    private func changed(
        isRequired: Bool, schema: @escaping @Sendable () -> ConfigurationSchema
    ) -> KeyDescription {
        KeyDescription(
            name: name, isRequired: isRequired, type: type, summary: summary, makeSchema: schema,
            makeFallback: makeFallback)
    }

    /// What it is if it is left out; nil for a key that must be there, null for nothing.
    public var fallback: Configuration? { makeFallback() }
}

extension Configurable {
    public static var shorthandKey: String? { nil }
    public func validate() throws {}

    /// Builds the value from a map of its keys. Nothing (`relu`) stands for an empty map.
    ///
    /// - Throws: `invalidArgument` for an unknown, missing, doubled or ill-typed key, at its place in the file.
    public init(configuration: Configuration) throws {
        self.init()
        let entries = try Self.entries(of: configuration)
        let keysByName = Dictionary(
            Self.keys.map { ($0.description.name, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        for entry in entries {
            guard seen.insert(entry.key).inserted else {
                throw TesseraError(
                    .invalidArgument, "the key '\(entry.key)' is given twice",
                    location: entry.keyLocation ?? configuration.location)
            }
            guard let key = keysByName[entry.key] else {
                throw TesseraError(
                    .invalidArgument, "unknown key '\(entry.key)'" + suggestion(for: entry.key, among: keysByName.keys),
                    location: entry.keyLocation ?? configuration.location)
            }
            try key.read(entry.value, &self)
        }
        for key in Self.keys where key.description.isRequired && !seen.contains(key.description.name) {
            throw TesseraError(
                .invalidArgument, "missing key '\(key.description.name)' (\(key.description.summary))",
                location: configuration.location)
        }
        try locatingErrors(at: configuration.location) { try validate() }
    }

    /// The keys that differ from their defaults: what `init(configuration:)` needs to build this value again.
    public var configuration: Configuration {
        .map(Self.keys.compactMap { key in key.write(self).map { (key.description.name, $0) } })
    }

    /// The value of every key, those at their defaults among them; null for one that has none.
    public var allKeys: Configuration { .map(Self.keys.map { ($0.description.name, $0.value(self)) }) }

    private static func entries(of configuration: Configuration) throws -> [Configuration.Entry] {
        switch configuration.content {
        case .map(let entries): return entries
        case .null: return []
        default:
            guard let shorthandKey else { throw configuration.unexpected("a map of keys") }
            return [Configuration.Entry(shorthandKey, configuration)]
        }
    }
}
