/// What a user wrote: a tree of scalars, lists and maps, each with the place it stands at.
///
/// YAML files, command-line options, Lua tables and wire messages all become this one tree, and `Configurable` types are
/// built from it, so that a key means the same wherever it is written.
public struct Configuration: Sendable {
    public indirect enum Content: Sendable {
        case null
        case bool(Bool)
        case integer(Int)
        case number(Double)
        case string(String)
        case list([Configuration])
        case map([Entry])
    }

    /// A key of a map with its value. The order is the order in the file.
    public struct Entry: Sendable {
        public var key: String
        public var keyLocation: SourceLocation?
        public var value: Configuration

        public init(_ key: String, _ value: Configuration, keyLocation: SourceLocation? = nil) {
            self.key = key
            self.value = value
            self.keyLocation = keyLocation
        }
    }

    public var content: Content
    public var location: SourceLocation?

    public init(_ content: Content, at location: SourceLocation? = nil) {
        self.content = content
        self.location = location
    }

    /// A map without entries.
    public static var empty: Configuration { Configuration(.map([])) }

    public static func map(_ entries: [(String, Configuration)]) -> Configuration {
        Configuration(.map(entries.map { Entry($0.0, $0.1) }))
    }

    /// The value of a key of this map, nil if it is no map or has no such key.
    public subscript(_ key: String) -> Configuration? {
        guard case .map(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    public var isNull: Bool {
        if case .null = content { true } else { false }
    }

    /// The entries of a map.
    ///
    /// - Throws: `invalidArgument` if this is no map.
    public func entries(expecting what: String = "a map of keys") throws -> [Entry] {
        guard case .map(let entries) = content else { throw unexpected(what) }
        return entries
    }

    /// The elements of a list.
    ///
    /// - Throws: `invalidArgument` if this is no list.
    public func elements(expecting what: String = "a list") throws -> [Configuration] {
        guard case .list(let elements) = content else { throw unexpected(what) }
        return elements
    }

    /// "expected …, found …", located here.
    public func unexpected(_ expected: String) -> TesseraError {
        TesseraError(.invalidArgument, "expected \(expected), found \(self)", location: location)
    }
}

extension Configuration: Equatable {
    /// Equal content; where it stands does not matter.
    public static func == (a: Configuration, b: Configuration) -> Bool {
        switch (a.content, b.content) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.number(let x), .number(let y)): x == y
        case (.string(let x), .string(let y)): x == y
        case (.list(let x), .list(let y)): x == y
        case (.map(let x), .map(let y)): x.map(\.key) == y.map(\.key) && x.map(\.value) == y.map(\.value)
        default: false
        }
    }
}

extension Configuration: CustomStringConvertible {
    /// The content in YAML's flow style, shortened if long.
    public var description: String {
        let text = flow
        return text.count <= 60 ? text : text.prefix(57) + "..."
    }

    /// The content in YAML's flow style, on one line.
    public var flow: String {
        switch content {
        case .null: "nothing"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .string(let value): "'\(value)'"
        case .list(let elements): "[" + elements.map(\.flow).joined(separator: ", ") + "]"
        case .map(let entries): "{" + entries.map { "\($0.key): \($0.value.flow)" }.joined(separator: ", ") + "}"
        }
    }
}
