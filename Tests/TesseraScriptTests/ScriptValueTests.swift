import TesseraCore
import TesseraScript
import Testing

@Suite struct ScriptValueTests {
    @Test func aValueComesBackFromLuaAsItWentIn() throws {
        let values: [ScriptValue] = [
            nil, true, false, 0, -1, .integer(.max), .integer(.min), 0.1, .number(.infinity), 2.0, "", "text", "ä\0ö",
            .bytes([0xFF, 0x00, 0xFE]), [], [1, "two", [3.5]], ["a": 1, "b": ["c": [true, false]]],
            .table(ScriptTable(array: [1, 2], entries: ["x": 3])),
        ]
        let engine = try engine()
        for value in values {
            try engine.setGlobal("value", to: value)
            #expect(try engine.run("return rawget(_G, 'value')") == [value])
            #expect(try engine.run("return test.echo(rawget(_G, 'value'))") == [value])
        }
    }

    @Test func integersAndNumbersStayApart() throws {
        #expect(
            try run("return 1, 1.0, math.type(test.echo(1)), math.type(test.echo(1.0))") == [
                1, 1.0, "integer", "float",
            ])
    }

    @Test func objectsAndFunctionsComeBackAsThemselves() throws {
        #expect(try run("local f = print; return test.echo(f) == f") == [true])
        let counter = Counter("a")
        let engine = try engine()
        try engine.setGlobal("c", to: .object(counter))
        #expect(try engine.run("return test.echo(c)") == [.object(counter)])
    }

    @Test func functionsOfLuaCanBeCalledFromSwift() throws {
        let results = try run("local n = 0; return function(a, b) n = n + 1; return n, a + b end")
        guard case .function(let function)? = results.first else {
            Issue.record("expected a function")
            return
        }
        // The engine is gone, and with it the state.
        #expect(throws: TesseraError.self) { try function.call([1, 2]) }

        let engine = try engine()
        guard
            case .function(let add)? = try engine.run(
                "local n = 0; return function(a, b) n = n + 1; return n, a + b end"
            ).first
        else {
            Issue.record("expected a function")
            return
        }
        #expect(try add.call([1, 2]) == [1, 3])
        #expect(try add.call([1.5, 2]) == [2, 3.5])
    }

    @Test(
        "A table that is neither list nor names is refused",
        arguments: [
            ("local t = {}; t.t = t; test.echo(t)", "contains itself"),
            ("local t = {}; for i = 1, 200 do t = {t} end; test.echo(t)", "nests deeper"),
            ("test.echo{[0] = 1}", "element 0"),
            ("test.echo{[true] = 1}", "key of type boolean"),
            ("test.echo{1, 2, nil, 4}", "hole"),
            ("test.echo(coroutine.create(print))", "thread"),
        ])
    func unreadable(source: String, message: String) {
        #expect(failure(source)?.message.contains(message) == true)
    }

    @Test func aTableMayStandInSeveralPlaces() throws {
        #expect(try run("local t = {1}; return test.echo{t, t}") == [[[1], [1]]])
    }

    @Test func tooManyResultsAreRefused() {
        let many = Binding("many", "many()", "") { _ in Array(repeating: 1, count: 2_000_000) }
        #expect(failure("test.many()", .init(), [many])?.message.contains("stack") == true)
    }

    @Test func argumentsReachTheScript() throws {
        var options = ScriptEngine.Options()
        options.arguments = ["a", "b"]
        #expect(try run("return #arg, arg[2], ...", options) == [2, "b", "a", "b"])
    }

    @Test func whatIsPrintedGoesToTheSink() throws {
        let lines = Lines()
        var options = ScriptEngine.Options()
        options.print = lines.add
        try run("print(1, nil, 'x', test.counter('a')) print()", options)
        #expect(lines.text == "1\tnil\tx\tcounter a\n\n")
    }

    @Test func interactiveEntriesPrintTheirValuesAndMayBeContinued() throws {
        let lines = Lines()
        var options = ScriptEngine.Options()
        options.print = lines.add
        let engine = try engine(options)
        #expect(try engine.evaluate("x = 2"))
        #expect(try engine.evaluate("x, x + 1"))
        #expect(try engine.evaluate("{x, y = {}}, print == nil"))
        #expect(try engine.evaluate("for i = 1, 2 do") == false)
        #expect(throws: TesseraError.self) { try engine.evaluate("x = = 2") }
        #expect(lines.text == "2\t3\n{2, y = {}}\tfalse\n")
    }
}
