import TesseraCore

/// One call of a binding: the arguments, and readers that say what was expected when an argument does not fit.
///
/// Arguments count from 1, as in Lua; a method's count starts after the object.
public struct ScriptCall {
    /// The binding's name.
    public let name: String
    public let arguments: [ScriptValue]
    public let limits: ScriptLimits

    public init(name: String, arguments: [ScriptValue], limits: ScriptLimits = ScriptLimits()) {
        self.name = name
        self.arguments = arguments
        self.limits = limits
    }

    /// The argument, nil beyond the last.
    public subscript(_ position: Int) -> ScriptValue {
        arguments.indices.contains(position - 1) ? arguments[position - 1] : .nil
    }

    /// Throws `invalidArgument` if there are more arguments than that.
    public func expectArguments(atMost count: Int) throws {
        guard arguments.count > count else { return }
        let expected = count == 0 ? "no argument" : count == 1 ? "1 argument" : "at most \(count) arguments"
        throw TesseraError(.invalidArgument, "expected \(expected), got \(arguments.count)", path: name)
    }

    public func string(_ position: Int, _ label: String) throws -> String {
        try read(position, label) { try $0.requireString() }
    }

    public func integer(_ position: Int, _ label: String) throws -> Int {
        try read(position, label) { try $0.requireInteger() }
    }

    public func number(_ position: Int, _ label: String) throws -> Double {
        try read(position, label) { try $0.requireNumber() }
    }

    public func bool(_ position: Int, _ label: String) throws -> Bool {
        try read(position, label) { try $0.requireBool() }
    }

    public func table(_ position: Int, _ label: String) throws -> ScriptTable {
        try read(position, label) { try $0.requireTable() }
    }

    public func function(_ position: Int, _ label: String) throws -> ScriptFunction {
        try read(position, label) { try $0.requireFunction() }
    }

    public func object<Object: ScriptObject>(_ type: Object.Type, _ position: Int, _ label: String) throws -> Object {
        try read(position, label) { try $0.requireObject(type) }
    }

    /// The argument as a table of named options; no argument stands for no options.
    public func options(_ position: Int = 1) throws -> NamedOptions {
        guard !self[position].isNil else { return NamedOptions([:], of: name) }
        let table = try read(position, "options") { value in
            let table = try value.requireTable()
            guard table.array.isEmpty else {
                throw TesseraError(.invalidArgument, "expected named options such as {name = value}, got a list")
            }
            return table
        }
        return NamedOptions(table.entries, of: name)
    }

    /// The argument as options that a type declares; no argument stands for its defaults.
    ///
    /// - Throws: `invalidArgument` for an unknown option, with the nearest valid name, or an ill-typed one.
    public func options<Options: Configurable>(_ position: Int = 1, as type: Options.Type) throws -> Options {
        try options(position).decode(type)
    }

    /// The argument as `body` reads it.
    public func read<Value>(_ position: Int, _ label: String, _ body: (ScriptValue) throws -> Value) throws -> Value {
        try locatingErrors(within: "\(name): argument \(position) (\(label))") { try body(self[position]) }
    }

    /// The object that a method is called on.
    func receiver<Object: ScriptObject>(_ type: Object.Type) throws -> Object {
        if case .object(let object)? = arguments.first, let object = object as? Object { return object }
        let noun = Object.scriptType.noun
        throw TesseraError(
            .invalidArgument,
            "expected \(noun), got \(self[1].kind); a method is called with a colon, as in object:\(name)(…)",
            path: name)
    }

    func droppingReceiver() -> ScriptCall {
        ScriptCall(name: name, arguments: Array(arguments.dropFirst()), limits: limits)
    }
}
