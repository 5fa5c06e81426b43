/// A copy of a Lua table: a list, named entries, or both.
public struct ScriptTable: Equatable {
    /// Elements 1, 2, 3, … of the table.
    public var array: [ScriptValue]
    public var entries: [String: ScriptValue]

    public init(array: [ScriptValue] = [], entries: [String: ScriptValue] = [:]) {
        self.array = array
        self.entries = entries
    }

    public var isEmpty: Bool { array.isEmpty && entries.isEmpty }

    /// The entry of that name; nil if there is none.
    public subscript(_ name: String) -> ScriptValue { entries[name] ?? .nil }
}

extension ScriptTable: CustomStringConvertible {
    /// The table as a script would write it, entries sorted by name.
    public var description: String {
        let named = entries.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
        return "{" + (array.map(\.description) + named).joined(separator: ", ") + "}"
    }
}
