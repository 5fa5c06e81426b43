import TesseraCore
import TesseraScript
import Testing

@Suite struct ScriptObjectTests {
    @Test func methodsPropertiesAndOperators() throws {
        let results = try run(
            """
            local a, b, c = test.counter('a'), test.counter('b'), test.counter('a')
            return a:greet('hi'), a.name, #b, tostring(a), a == b, a == c, a == test.image(), a ~= 1
            """)
        #expect(results == ["hi a", "a", 1, "counter a", false, true, false, true])
    }

    @Test(
        "A misused object says what was expected",
        arguments: [
            ("test.name_of('x')", "name_of: argument 1 (counter): expected a counter, got a string"),
            ("test.name_of(test.image())", "expected a counter, got an image"),
            ("test.name_of()", "expected a counter, got nothing"),
            (
                "local c = test.counter('a') c.greet('x')",
                "greet: expected a counter, got a string; a method is called with a colon"
            ),
            ("local c = test.counter('a') c:greet(1)", "greet: argument 1 (word): expected a string, got a number"),
            ("local c = test.counter('a') c:greet('a', 'b')", "greet: expected 1 argument, got 2"),
            ("local c = test.counter('a') c:gret('x')", "a counter has no 'gret', did you mean 'greet'?"),
            ("local c = test.counter('a') c:close() c:greet('x')", "this counter is closed"),
            ("local c = test.counter('a') c:close() test.name_of(c)", "this counter is closed"),
            ("local c = test.counter('a') c.name = 'b'", "'name' cannot be assigned: objects are read-only"),
            ("local c = test.counter('a') return c + 1", "attempt to perform arithmetic on a counter value"),
        ])
    func misuse(source: String, message: String) throws {
        #expect(failure(source)?.message.contains(message) == true, "\(failure(source)?.message ?? "no error")")
    }

    @Test func closingTwiceIsHarmless() throws {
        #expect(
            try run(
                "local c <close> = test.counter('a') c:close() c:close() return tostring(c), c == test.counter('a')")
                == ["closed counter", false])
    }

    @Test func anObjectIsReleasedOnce() throws {
        let alive = Binding("alive", "alive()", "") { _ in [.integer(Counter.living("once"))] }
        let results = try run(
            """
            local kept = test.counter('once')
            do
              local a <close> = test.counter('once')
              local b = test.counter('once')
              test.echo(b, b)
            end
            local closed = test.alive()
            collectgarbage() collectgarbage()
            return closed, test.alive(), kept
            """, .init(), [alive])
        #expect(results.prefix(2) == [2, 1])
        #expect(Counter.living("once") == 1)
        withExtendedLifetime(results) {}
    }

    @Test func endingTheEngineReleasesEverything() throws {
        do {
            let engine = try engine()
            // The counters hold functions, which hold the state, which holds the counters.
            try engine.run(
                "all = {} for i = 1, 100 do local c = test.counter('cycle') c:keep(function() return c end) all[i] = c end"
            )
            #expect(Counter.living("cycle") == 100)
        }
        #expect(Counter.living("cycle") == 0)
    }

    @Test func functionsThatSwiftDropsAreForgotten() throws {
        let engine = try engine()
        try engine.run("for i = 1, 1000 do test.echo(function() return i end) end collectgarbage()")
        let before = engine.memoryUsed
        try engine.run("for i = 1, 20000 do test.echo(function() return i end) end collectgarbage()")
        #expect(engine.memoryUsed < before + 4096)
    }
}
