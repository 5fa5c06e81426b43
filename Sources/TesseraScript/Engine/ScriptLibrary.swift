/// Functions and classes that are given to scripts together, as one global table.
public struct ScriptLibrary {
    /// The global's name: `tessera`.
    public let name: String
    public let summary: String
    public let functions: [Binding]
    /// The classes its functions return; for the reference.
    public let types: [ScriptType]

    public init(_ name: String, _ summary: String, functions: [Binding], types: [ScriptType] = []) {
        self.name = name
        self.summary = summary
        self.functions = functions
        self.types = types
    }
}
