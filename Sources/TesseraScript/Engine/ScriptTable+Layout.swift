extension ScriptTable {
    /// The table as a script would write it, on one line if that is no longer than `width`, else an entry a line.
    public func text(width: Int, indent: String = "") -> String {
        let line = description
        guard indent.count + line.count > width else { return line }
        let inner = indent + "  "
        func text(_ value: ScriptValue, after label: String) -> String {
            guard case .table(let table) = value else { return "\(inner)\(label)\(value)," }
            return inner + label + table.text(width: width - label.count, indent: inner) + ","
        }
        let elements = array.map { text($0, after: "") }
        let named = entries.sorted { $0.key < $1.key }.map { text($0.value, after: "\($0.key) = ") }
        return (["{"] + elements + named + [indent + "}"]).joined(separator: "\n")
    }
}
