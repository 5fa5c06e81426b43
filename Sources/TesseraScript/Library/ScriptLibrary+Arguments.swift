import Tessera

extension ScriptLibrary {
    /// Reads a script's own options.
    static var arguments: Binding {
        Binding(
            "arguments", "arguments(declared: table<string, any>, given: string[]) -> table<string, any>",
            "What the script was called with, `--name value` or `--name=value` for each name that is declared, and other arguments in order as "
                + "elements 1, 2, …. A declared value is the default and says what type is expected; `--name` alone stands for true. `given` "
                + "is usually `arg`.",
            example: """
                local options = tessera.arguments({nodes = 2, fast = false, name = "x"}, {"net.yaml", "--nodes", "4", "--fast"})
                assert(options[1] == "net.yaml" and options.nodes == 4 and options.fast and options.name == "x")
                """
        ) { call in
            try call.expectArguments(atMost: 2)
            let declared = try locatingErrors(path: "\(call.name): argument 1 (declared)") {
                try call[1].requireNamed()
            }
            for (name, value) in declared {
                switch value {
                case .bool, .integer, .number, .string: break
                default:
                    throw TesseraError(
                        .invalidArgument,
                        "option '\(name)': expected true, false, a number or text as the default, got \(value.kind)",
                        path: call.name)
                }
            }
            let given = try locatingErrors(within: "\(call.name): argument 2 (given)") {
                try call[2].requireArray { try $0.requireString() }
            }
            return [.table(try locatingErrors(path: call.name) { try values(declared, of: given) })]
        }
    }

    private static func values(_ declared: [String: ScriptValue], of given: [String]) throws -> ScriptTable {
        var table = ScriptTable(entries: declared)
        var rest = given[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                table.array.append(.string(argument))
                continue
            }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map(String.init)
            let name = declared[parts[0]] == nil ? parts[0].replacing("-", with: "_") : parts[0]
            guard let fallback = declared[name] else {
                throw TesseraError(
                    .invalidArgument,
                    "unknown option '--\(parts[0])'" + suggestion(for: name, among: Array(declared.keys)))
            }
            if case .bool = fallback, parts.count == 1 {
                table.entries[name] = true
                continue
            }
            guard let text = parts.count > 1 ? parts[1] : rest.popFirst() else {
                throw TesseraError(.invalidArgument, "'--\(parts[0])' expects a value, found none")
            }
            table.entries[name] = try locatingErrors(path: "--\(parts[0])") { try value(text, like: fallback) }
        }
        return table
    }

    private static func value(_ text: String, like fallback: ScriptValue) throws -> ScriptValue {
        func unexpected(_ expected: String) -> TesseraError {
            TesseraError(.invalidArgument, "expected \(expected), found '\(text)'")
        }
        switch fallback {
        case .integer:
            guard let integer = Int(text) else { throw unexpected("an integer") }
            return .integer(integer)
        case .number:
            guard let number = Double(text) else { throw unexpected("a number") }
            return .number(number)
        case .bool:
            guard let bool = Bool(text) else { throw unexpected("true or false") }
            return .bool(bool)
        default: return .string(text)
        }
    }
}
