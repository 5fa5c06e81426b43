import TesseraCore

/// Readers for each kind of value. All throw `invalidArgument` with "expected …, got …".
extension ScriptValue {
    public func requireString() throws -> String {
        switch self {
        case .string(let value): return value
        case .bytes: throw TesseraError(.invalidArgument, "expected text in UTF-8, got other bytes")
        default: throw unexpected("a string")
        }
    }

    /// An integer, or a number without a fraction.
    public func requireInteger() throws -> Int {
        switch self {
        case .integer(let value): return value
        case .number(let value):
            guard let integer = Int(exactly: value) else {
                throw TesseraError(.invalidArgument, "expected an integer, got \(value)")
            }
            return integer
        default: throw unexpected("an integer")
        }
    }

    public func requireNumber() throws -> Double {
        switch self {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        default: throw unexpected("a number")
        }
    }

    public func requireBool() throws -> Bool {
        guard case .bool(let value) = self else { throw unexpected("true or false") }
        return value
    }

    public func requireTable() throws -> ScriptTable {
        guard case .table(let table) = self else { throw unexpected("a table") }
        return table
    }

    /// A table that is a list.
    public func requireArray() throws -> [ScriptValue] {
        guard case .table(let table) = self else { throw unexpected("a list") }
        if let name = table.entries.keys.min() {
            throw TesseraError(.invalidArgument, "expected a list, got a table with the entry '\(name)'")
        }
        return table.array
    }

    /// What is read from every element of a list. An error in one says at which place, counted from 1: `[2]`, and `[2][3]` for a list
    /// in it.
    public func requireArray<Element>(of read: (ScriptValue) throws -> Element) throws -> [Element] {
        try requireArray().enumerated().map { index, value in
            try locatingErrors(at: "[\(index + 1)]") { try read(value) }
        }
    }

    public func requireFunction() throws -> ScriptFunction {
        guard case .function(let function) = self else { throw unexpected("a function") }
        return function
    }

    public func requireObject<Object: ScriptObject>(_ type: Object.Type) throws -> Object {
        guard case .object(let object) = self, let object = object as? Object else {
            throw unexpected(Object.scriptType.noun)
        }
        return object
    }

    func unexpected(_ expected: String) -> TesseraError {
        TesseraError(.invalidArgument, "expected \(expected), got \(kind)")
    }
}

/// Runs `body` and says of a `TesseraError` at which place of a value it happened: `[2]`, `[2][3]`, and with a name `a[2]`.
///
/// - Parameter separator: what stands before a name within the place.
func locatingErrors<Result>(at place: String, before separator: String = ": ", _ body: () throws -> Result) throws
    -> Result
{
    do {
        return try body()
    } catch var error as TesseraError {
        error.path = place + (error.path.map { $0.hasPrefix("[") ? $0 : separator + $0 } ?? "")
        throw error
    }
}
