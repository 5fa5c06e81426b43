import TesseraCore
import TesseraScript
import Testing

@Suite struct NamedOptionsTests {
    struct Settings: Configurable, Equatable {
        var tiles = [1]
        var overlap = 0.5
        var label = ""
        var exact = true

        static var keys: [Key<Settings>] {
            [
                Key("tiles", \.tiles, "how many"), Key("overlap", \.overlap, "how much"), Key("label", \.label, "what"),
                Key("exact", \.exact, "whether"),
            ]
        }
    }

    /// Takes `nodes`, an object and what `Settings` declares.
    private static var plan: Binding {
        Binding("plan", "plan{…}", "") { call in
            var options = try call.options()
            let nodes = try options.require("nodes", "how many nodes") { try $0.requireInteger() }
            let counter = try options.object(Counter.self, "counter")
            let settings = try options.decode(Settings.self)
            return [.integer(nodes), .string(counter?.name ?? ""), ScriptValue(settings.configuration)]
        }
    }

    private func plan(_ arguments: String) throws -> [ScriptValue] {
        try run("return test.plan\(arguments)", .init(), [Self.plan])
    }

    @Test func optionsAreDecoded() throws {
        #expect(
            try plan(
                "{nodes = 4.0, tiles = {2, 2}, overlap = 1, label = 'x', exact = false, counter = test.counter('a')}")
                == [4, "a", ["tiles": [2, 2], "overlap": 1, "label": "x", "exact": false]])
        #expect(try plan("{nodes = 1, tiles = {}}") == [1, "", ["tiles": []]])
        #expect(try plan("{nodes = 1}") == [1, "", []])
    }

    @Test(
        "An option that does not fit says so",
        arguments: [
            ("{nodes = 1, tils = {1}}", "plan: unknown option 'tils', did you mean 'tiles'?"),
            ("{node = 1}", "plan: unknown option 'node', did you mean 'nodes'?"),
            ("{nodes = 1, countr = 1}", "plan: unknown option 'countr', did you mean 'counter'?"),
            ("{}", "plan: missing option 'nodes' (how many nodes)"),
            ("()", "plan: missing option 'nodes' (how many nodes)"),
            ("{nodes = 'x'}", "plan: option 'nodes': expected an integer, got a string"),
            ("{nodes = 1.5}", "plan: option 'nodes': expected an integer, got 1.5"),
            ("{nodes = 1, counter = test.image()}", "plan: option 'counter': expected a counter, got an image"),
            ("{nodes = 1, exact = 1}", "exact: expected true or false, found 1"),
            ("{nodes = 1, tiles = print}", "expected numbers, text or tables of them, got a function"),
            ("{nodes = 1, tiles = {1, a = 2}}", "expected a list or named entries, got both"),
            ("{4}", "plan: argument 1 (options): expected named options such as {name = value}, got a list"),
            ("(4)", "plan: argument 1 (options): expected a table, got a number"),
        ])
    func misfit(arguments: String, message: String) throws {
        let error = failure("return test.plan\(arguments)", .init(), [Self.plan])
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
    }
}
