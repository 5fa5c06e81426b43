/// A table with fields that scripts are given, such as what the function of a module gets; for the reference and editors.
public struct ScriptRecord: Sendable {
    public struct Field: Sendable {
        /// With a `?` at its end if it may be nil.
        public let name: String
        public let type: String
        public let summary: String

        public init(_ name: String, _ type: String, _ summary: String) {
            (self.name, self.type, self.summary) = (name, type, summary)
        }
    }

    /// The name in signatures: `Span`.
    public let name: String
    /// One line on what it is.
    public let summary: String
    public let fields: [Field]

    public init(_ name: String, _ summary: String, fields: [Field]) {
        (self.name, self.summary, self.fields) = (name, summary, fields)
    }
}
