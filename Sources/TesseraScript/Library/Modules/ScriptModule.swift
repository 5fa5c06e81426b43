import Tessera

/// A module that a script registers: a Lua function, with what `tessera plugins` says of it.
struct ScriptModule: Sendable {
    /// What it is, as messages say it: "saliency metric 'mine'".
    let title: String
    let name: String
    let summary: String
    /// The options it declares; nil for any, which are its own to check.
    let options: [ScriptOption]?
    private let function: ScriptFunction
    /// What keeps the script alive that the function is of; nil while that runs by itself.
    var plugin: ScriptPlugin?

    /// What a script gives to register a module: a name, a function, and a table with `summary` and `options`.
    ///
    /// - Parameters:
    ///   - label: what the function is called in messages.
    ///   - kind: what the module is, as "saliency metric".
    init(_ call: ScriptCall, label: String, kind: String) throws {
        try call.expectArguments(atMost: 3)
        name = try call.string(1, "name")
        guard !name.isEmpty else { throw TesseraError(.invalidArgument, "expected a name, got ''", path: call.name) }
        title = "\(kind) '\(name)'"
        function = try call.function(2, label)
        var about = try call.options(3)
        summary = try about.string("summary") ?? "a script's \(label)"
        options = try about.take("options") { value in
            try value.requireNamed().sorted { $0.key < $1.key }.map { try ScriptOption($0.key, $0.value) }
        }
        try about.finish()
    }

    /// Calls the function. A plugin is called by one thread at a time. Errors say which module it is.
    func call(_ arguments: [ScriptValue]) throws -> [ScriptValue] {
        try locatingErrors(path: title) {
            guard let plugin else { return try function.call(arguments) }
            return try plugin.lock.withLock { try function.call(arguments) }
        }
    }

    /// The options that the function gets, with the defaults of those that are left out.
    ///
    /// - Throws: `invalidArgument` for what is not declared, with the nearest name, or of another type.
    func values(of given: Configuration) throws -> ScriptTable {
        guard let options else { return try ScriptValue(given).requireTable() }
        var values = ScriptTable()
        for entry in try given.entries() {
            guard let option = options.first(where: { $0.name == entry.key }) else {
                throw TesseraError(
                    .invalidArgument,
                    "'\(name)' has no option '\(entry.key)'"
                        + suggestion(for: entry.key, among: options.map(\.name)), location: entry.value.location)
            }
            values.entries[entry.key] = try locatingErrors(at: entry.value.location) { try option.value(entry.value) }
        }
        for option in options where values[option.name].isNil {
            guard let fallback = option.fallback else { continue }
            values.entries[option.name] = ScriptValue(fallback)
        }
        return values
    }

    /// What a registry knows it by.
    ///
    /// - Parameters:
    ///   - source: where it comes from.
    ///   - make: makes the product.
    func module<Product>(
        from source: String, _ make: @escaping @Sendable (Configuration) throws -> Product
    ) -> Module<Product> {
        Module(
            name: name, summary: summary, source: source, keys: options?.map(\.key) ?? [], takesAnyKey: options == nil
        ) { configuration in
            // What does not fit is said before the module is needed.
            _ = try values(of: configuration)
            return try make(configuration)
        }
    }
}
