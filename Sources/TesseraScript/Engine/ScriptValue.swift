import TesseraCore

/// A Lua value as Swift sees it.
///
/// Tables are copied, deeply; functions and objects are references.
public enum ScriptValue {
    case `nil`
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    /// A Lua string that is not UTF-8.
    case bytes([UInt8])
    case table(ScriptTable)
    case function(ScriptFunction)
    case object(any ScriptObject)

    /// What it is, as in "expected a string, got …".
    public var kind: String {
        switch self {
        case .nil: "nothing"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string, .bytes: "a string"
        case .table: "a table"
        case .function: "a function"
        case .object(let object): type(of: object).scriptType.noun
        }
    }

    public var isNil: Bool {
        if case .nil = self { true } else { false }
    }
}

extension ScriptValue: Equatable {
    /// Equal content; functions and objects are equal if they are the same one.
    public static func == (a: ScriptValue, b: ScriptValue) -> Bool {
        switch (a, b) {
        case (.nil, .nil): true
        case (.bool(let x), .bool(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.number(let x), .number(let y)): x == y
        case (.string(let x), .string(let y)): x == y
        case (.bytes(let x), .bytes(let y)): x == y
        case (.table(let x), .table(let y)): x == y
        case (.function(let x), .function(let y)): x === y
        case (.object(let x), .object(let y)): x === y
        default: false
        }
    }
}

extension ScriptValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .nil }
    public init(arrayLiteral elements: ScriptValue...) { self = .table(ScriptTable(array: elements)) }
    public init(dictionaryLiteral elements: (String, ScriptValue)...) {
        self = .table(ScriptTable(entries: Dictionary(elements, uniquingKeysWith: { $1 })))
    }
}

extension ScriptValue: CustomStringConvertible {
    /// The value as a script would write it; functions and objects by what they are.
    public var description: String {
        switch self {
        case .nil: "nil"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .string(let value): "\"\(value)\""
        case .bytes(let value): "\(value.count) bytes"
        case .table(let table): table.description
        case .function: "function"
        case .object(let object): object.scriptDescription
        }
    }
}
