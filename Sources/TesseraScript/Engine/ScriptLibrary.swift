/// Functions and classes that are given to scripts together, as one global table.
public struct ScriptLibrary {
    /// The global's name: `tessera`.
    public let name: String
    public let summary: String
    public let functions: [Binding]
    /// What is there to be read: `tessera.api_level`.
    public let constants: [ScriptConstant]
    /// The classes its functions return; for the reference.
    public let types: [ScriptType]
    /// The tables that functions of scripts are given; for the reference.
    public let records: [ScriptRecord]
    /// Called with the options of the engine that the library is installed in, before any of its functions.
    let whenInstalled: (ScriptEngine.Options) -> Void

    public init(
        _ name: String, _ summary: String, functions: [Binding], constants: [ScriptConstant] = [],
        types: [ScriptType] = [], records: [ScriptRecord] = [],
        whenInstalled: @escaping (ScriptEngine.Options) -> Void = { _ in }
    ) {
        self.name = name
        self.summary = summary
        self.functions = functions
        self.constants = constants
        self.types = types
        self.records = records
        self.whenInstalled = whenInstalled
    }
}
