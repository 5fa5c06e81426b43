import TesseraCore

/// A Swift function that scripts can call, with what the reference page and editors say about it.
public struct Binding {
    /// The name scripts call it by. Dots make tables: `register.partition_strategy`.
    public let name: String
    /// How it is called, with types: `network(path: string) -> Network`.
    public let signature: String
    /// What it does, in a sentence or a few.
    public let summary: String
    /// A script that shows its use, for the reference; the tests run it.
    public let example: String?
    let body: (ScriptCall) throws -> [ScriptValue]

    /// A function.
    ///
    /// - Parameter body: gets the arguments, gives the results. What it throws becomes a Lua error at the line of the call.
    public init(
        _ name: String, _ signature: String, _ summary: String, example: String? = nil,
        body: @escaping (ScriptCall) throws -> [ScriptValue]
    ) {
        self.name = name
        self.signature = signature
        self.summary = summary
        self.example = example
        self.body = body
    }

    /// A method or property of a class: `body` gets the object, and the arguments after it.
    public init<Object: ScriptObject>(
        of type: Object.Type, _ name: String, _ signature: String, _ summary: String, example: String? = nil,
        body: @escaping (Object, ScriptCall) throws -> [ScriptValue]
    ) {
        self.init(name, signature, summary, example: example) { call in
            try body(try call.receiver(Object.self), call.droppingReceiver())
        }
    }

    /// A property of a class.
    public init<Object: ScriptObject>(
        of type: Object.Type, property name: String, _ valueType: String, _ summary: String,
        get: @escaping (Object) throws -> ScriptValue
    ) {
        self.init(of: type, name, valueType, summary) { object, _ in [try get(object)] }
    }
}
