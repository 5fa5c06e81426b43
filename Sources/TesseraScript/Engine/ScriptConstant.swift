/// A value that a library has under a name.
public struct ScriptConstant {
    public let name: String
    /// Its type in signatures: `integer`.
    public let type: String
    public let summary: String
    let value: ScriptValue

    public init(_ name: String, _ type: String, _ summary: String, value: ScriptValue) {
        (self.name, self.type, self.summary, self.value) = (name, type, summary, value)
    }
}
