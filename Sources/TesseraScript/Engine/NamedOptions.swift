import TesseraCore

/// The options of a call such as `net:plan{nodes = 4, strategy = "fused-grid"}`.
///
/// A binding takes the options it knows one by one, then either decodes the rest as what a type declares or checks with
/// `finish` that nothing is left.
public struct NamedOptions {
    private let callName: String
    private var remaining: [String: ScriptValue]
    private var known: [String] = []

    public init(_ values: [String: ScriptValue], of callName: String) {
        self.callName = callName
        remaining = values
    }

    /// Takes an option and hands its value to `read`; nil if it is not given.
    public mutating func take<Value>(_ name: String, _ read: (ScriptValue) throws -> Value) throws -> Value? {
        known.append(name)
        guard let value = remaining.removeValue(forKey: name), !value.isNil else { return nil }
        return try locatingErrors(within: "\(callName): option '\(name)'") { try read(value) }
    }

    /// Takes an option that must be given.
    public mutating func require<Value>(
        _ name: String, _ what: String, _ read: (ScriptValue) throws -> Value
    ) throws -> Value {
        guard let value = try take(name, read) else {
            // Another option may be the one that was meant, misspelt.
            try rejectUnknown(among: known, unless: { _ in nearestName(to: name, among: remaining.keys) == nil })
            throw TesseraError(.invalidArgument, "missing option '\(name)' (\(what))", path: callName)
        }
        return value
    }

    /// Whether an option that is not taken yet is a number.
    public func isNumber(_ name: String) -> Bool {
        switch remaining[name] {
        case .integer, .number: true
        default: false
        }
    }

    public mutating func string(_ name: String) throws -> String? { try take(name) { try $0.requireString() } }
    public mutating func integer(_ name: String) throws -> Int? { try take(name) { try $0.requireInteger() } }
    public mutating func number(_ name: String) throws -> Double? { try take(name) { try $0.requireNumber() } }
    public mutating func bool(_ name: String) throws -> Bool? { try take(name) { try $0.requireBool() } }

    public mutating func object<Object: ScriptObject>(_ type: Object.Type, _ name: String) throws -> Object? {
        try take(name) { try $0.requireObject(type) }
    }

    /// The options not taken yet, as configuration; unknown names are for the receiver to reject.
    public func rest() throws -> Configuration {
        try locatingErrors(within: callName) { try ScriptValue.configuration(of: remaining) }
    }

    /// Throws `invalidArgument` if an option is left that is none of `names`, with the nearest valid name.
    public func expectRest(among names: [String]) throws {
        try rejectUnknown(among: known + names, unless: names.contains)
    }

    /// The options not taken yet, as what a type declares.
    ///
    /// - Throws: `invalidArgument` for an unknown option, with the nearest valid name, or an ill-typed one.
    public func decode<Options: Configurable>(_ type: Options.Type) throws -> Options {
        let names = Options.keys.map(\.description.name)
        try expectRest(among: names)
        let configuration = try rest()
        return try locatingErrors(within: callName) { try Options(configuration: configuration) }
    }

    /// Throws `invalidArgument` if an option is left that nobody took, with the nearest valid name.
    public func finish() throws { try rejectUnknown(among: known, unless: { _ in false }) }

    private func rejectUnknown(among names: [String], unless isKnown: (String) -> Bool) throws {
        guard let name = remaining.keys.filter({ !isKnown($0) }).min() else { return }
        throw TesseraError(
            .invalidArgument, "unknown option '\(name)'" + suggestion(for: name, among: names), path: callName)
    }
}
