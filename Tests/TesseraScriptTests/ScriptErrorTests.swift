import Foundation
import TesseraCore
import TesseraScript
import Testing

@Suite struct ScriptErrorTests {
    @Test(
        "a failure that was caught lends nothing to later ones",
        arguments: [
            "pcall(function() t:map(function() error('', 0) end) end)",
            "local function bad() error('real problem', 0) end\npcall(function() t:map(bad) end)",
        ])
    func caughtBefore(first: String) async throws {
        let source = """
            local t = tessera.tensor{values = {1}}
            \(first)
            local function second()
              local x = t:map(function() error('real problem', 0) end)
            end
            second()
            """
        let error = try #require(await NetworkFolder().failure(source))
        let line = source.split(separator: "\n").count
        #expect(error.traceback.last?.contains("test.lua:\(line):") == true, "\(error.traceback)")
    }

    @Test(
        "An error says where it was raised",
        arguments: [
            ("\nerror('x')", 2, "x"),
            ("local t = nil\n\nt.a = 1", 3, "attempt to index a nil value (local 't')"),
            ("\n\n\nlocal x = = 1", 4, "unexpected symbol near '='"),
            ("\nlocal function f() error('x', 2) end\nf()", 3, "x"),
            ("\nerror({message = 'boom', code = 3})", 2, "boom"),
            ("\nerror({code = 3})", 2, "error value {code = 3}"),
            ("\nerror(nil)", 2, "an error without a message (nil)"),
            ("\nerror(true)", 2, "error value true"),
            ("\nerror(setmetatable({}, {__tostring = function() return 'mine' end}))", 2, "mine"),
            ("\nerror(test.counter('a'))", 2, "counter a"),
            ("\ntest.call(function()\nerror({code = 3}) end)", 3, "error value {code = 3}"),
            ("pcall(test.call, function() error(42) end)\n\nerror(42)", 3, "error value 42"),
            ("local function f()\nerror({}) end\n\ncoroutine.wrap(test.call)(f)", 2, "error value {}"),
            (
                "local ok, e = pcall(test.call, function() error({}) end)\n\nerror({code = 4})", 3,
                "error value {code = 4}"
            ),
            ("pcall(error, setmetatable({}, {__tostring = function() return 'no' end}))\nerror('x')", 2, "x"),
            ("local f = coroutine.wrap(function()\nerror('x')\nend)\n\nf()", 2, "x"),
            ("local f = coroutine.wrap(function()\nlocal t = nil + 1\nend)\n\nf()", 2, "attempt to perform arithmetic"),
        ])
    func location(source: String, line: Int, message: String) throws {
        let error = try #require(failure(source))
        #expect(error.code == .scriptFailure)
        #expect(error.location == SourceLocation(file: "test.lua", line: line))
        #expect(error.message.hasPrefix(message))
        #expect(error.cause == nil)
    }

    @Test(
        "A chunk that a script names after a file is not taken for it",
        arguments: ["@/etc/hosts", "/etc/hosts", "=/etc/hosts"])
    func foreignChunk(name: String) throws {
        let error = try #require(failure("load('error({})', '\(name)')()"))
        #expect(error.location?.file == "[string \"\(name)\"]")
    }

    @Test(
        "What a binding raises says where it was called, through a metamethod and through pcall as well",
        arguments: ["pcall(function() return test.counter('a').none end)", "pcall(test.fail)"])
    func placeOfCaller(call: String) throws {
        let results = try run("\nlocal ok, message = \(call) return ok, message")
        #expect(results[0] == false)
        #expect("\(results[1])".contains("test.lua:2: "), "\(results[1])")
    }

    @Test func theTracebackIsKept() throws {
        let error = try #require(
            failure("local function inner() error('x') end\nlocal function outer() inner() end\nouter()"))
        #expect(error.description == "test.lua:1: x")
        #expect(error.traceback.first == "[C]: in function 'error'")
        #expect(error.traceback[1].hasPrefix("test.lua:1: in "))
        #expect(["upvalue", "local"].map { "test.lua:2: in \($0) 'outer'" }.contains(error.traceback[2]))
        #expect(error.traceback.last == "test.lua:3: in main chunk")
    }

    @Test(
        "An error of a binding carries the line of the call and its cause",
        arguments: [
            "\ntest.fail()",
            "\nlocal ok, message = pcall(test.fail) error(message, 0)",
            "local f = coroutine.wrap(function()\ntest.fail() end) f()",
            "\nerror('while testing: ' .. select(2, pcall(test.fail)))",
            "\ntest.call(function() test.fail() end)",
            "\ntest.call(function() test.call(test.call, test.fail) end)",
        ])
    func cause(source: String) throws {
        let error = try #require(failure(source))
        #expect(error.code == .scriptFailure)
        #expect(error.location == SourceLocation(file: "test.lua", line: 2))
        let cause = try #require(error.cause as? TesseraError)
        #expect(cause.code == .shapeMismatch)
        #expect(cause.path == "conv0")
        #expect("\(error)".contains("expected 1x3, found 3x1"))
    }

    @Test func anErrorUnwindsThroughEveryLevel() throws {
        // Lua, Swift, Lua, Swift, Lua; the innermost fails. Bindings hold a value each that must be released.
        let hold = Binding("hold", "hold(f)", "") { call in
            let counter = Counter("held")
            defer { withExtendedLifetime(counter) {} }
            return try call.function(1, "f").call()
        }
        let error = try #require(
            failure("test.hold(function() test.hold(function()\nlocal x = nil .. 'a' end) end)", .init(), [hold]))
        #expect(error.location?.line == 2)
        #expect(error.message.hasPrefix("attempt to concatenate a nil value"))
        #expect(error.traceback.contains { $0.hasPrefix("test.lua:1: in function") })
        #expect(Counter.living("held") == 0)
    }

    @Test func aBindingMayRecoverFromAFailingFunction() throws {
        let recover = Binding("recover", "recover(f)", "") { call in
            do { return try call.function(1, "f").call() } catch { return ["recovered"] }
        }
        #expect(try run("return test.recover(function() error('x') end)", .init(), [recover]) == ["recovered"])
    }

    @Test(
        "A value that is raised in a function is what is caught outside of the binding that called it",
        arguments: [
            "{code = 7}", "setmetatable({}, {__tostring = function() return 'mine' end})", "print", "42", "nil", "true",
            "'text'",
            "test.counter('a')", "coroutine.create(print)",
        ])
    func caughtValue(value: String) throws {
        let results = try run(
            """
            local value = \(value)
            local function raise() error(value, 0) end
            local ok, caught = pcall(test.call, raise)
            local deepOk, deep = pcall(test.call, test.call, function() test.call(coroutine.wrap(raise)) end)
            local handled = select(2, xpcall(test.call, function(e) return rawequal(e, value) end, raise))
            return ok, rawequal(caught, value), deepOk, rawequal(deep, value), handled
            """)
        #expect(results == [false, true, false, true, true])
    }

    @Test func scriptsCatchErrorsAsText() throws {
        let results = try run("local ok, message = pcall(function() test.fail() end) return ok, message")
        #expect(results == [false, "test.lua:1: conv0: expected 1x3, found 3x1"])
    }

    @Test func yieldingAcrossSwiftIsAnError() throws {
        let error = failure("coroutine.wrap(function() test.call(coroutine.yield) end)()")
        #expect(error?.message.contains("attempt to yield across a C-call boundary") == true)
    }

    @Test func endlessRecursionIsAnError() throws {
        #expect(failure("local function f() return 1 + f() end f()")?.message.contains("stack overflow") == true)
        #expect(failure("local function f() test.call(f) end f()")?.message.contains("C stack overflow") == true)
        #expect(failure("local f; f = coroutine.wrap(function() coroutine.wrap(f)() end)") == nil)
        #expect(failure("local function f() coroutine.wrap(f)() end f()")?.message.contains("C stack overflow") == true)
    }

    @Test func longPathsAreNotShortenedInTheLocation() throws {
        let path = String(repeating: "folder/", count: 20) + "test.lua"
        let error = #expect(throws: TesseraError.self) { try engine().run("\nerror('x')", name: path) }
        #expect(error?.location == SourceLocation(file: path, line: 2))
        #expect(error?.message == "x")
    }

    @Test func errorsDoNotLeak() throws {
        let engine = try engine()
        try engine.run("for i = 1, 100 do pcall(test.fail) end collectgarbage()")
        let before = engine.memoryUsed
        try engine.run(
            """
            for i = 1, 10000 do
              pcall(test.fail)
              pcall(test.call, function() error({i}) end)
              pcall(test.name_of, i)
            end
            collectgarbage()
            """)
        for _ in 0..<1000 { _ = try? engine.run("error('x')", name: "test.lua") }
        try engine.run("collectgarbage() collectgarbage()")
        #expect(engine.memoryUsed < before + 4096)
    }

    @Test func aSecondThreadIsRefused() async throws {
        let results = try run("return 1", .init(), [])
        #expect(results == [1])
        let probe = Binding("probe", "probe(f)", "") { call in
            let function = try call.function(1, "f")
            let refused = Flag()
            let thread = Thread { refused.set((try? function.call()) == nil) }
            thread.start()
            while !refused.isDone { Thread.sleep(forTimeInterval: 0.001) }
            return [.bool(refused.value)]
        }
        #expect(try run("return test.probe(function() end)", .init(), [probe]) == [true])
    }
}
