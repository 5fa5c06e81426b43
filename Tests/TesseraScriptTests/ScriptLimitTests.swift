import Foundation
import TesseraCore
import TesseraScript
import Testing

@Suite struct ScriptLimitTests {
    /// Ways to run on for ever, each of which has once been a way around a limit somewhere.
    static let endless = [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() return pcall(f) end while true do f() end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "xpcall(function() error('x') end, function() while true do end end)",
        "coroutine.wrap(function() while true do end end)()",
        "while true do local c = coroutine.create(function() while true do end end) coroutine.resume(c) end",
        """
        local function nest(n)
          if n == 0 then while true do end end
          while true do coroutine.resume(coroutine.create(function() nest(n - 1) end)) end
        end
        nest(20)
        """,
        // Pending closes of a coroutine that died in a hook run with hooks off.
        """
        local m = {__close = function() while true do end end}
        local f = coroutine.wrap(function() local x <close> = setmetatable({}, m) while true do end end)
        f()
        """,
        """
        local m = {__close = function() while true do end end}
        local c = coroutine.create(function() local x <close> = setmetatable({}, m) while true do end end)
        pcall(coroutine.resume, c)
        coroutine.close(c)
        """,
        "local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
        "test.call(function() while true do end end)",
        "while true do pcall(test.call, function() while true do end end) end",
        "for i in pcall, error do end while true do pcall(error) end",
        "setmetatable({}, {__index = function() while true do end end}).x()",
        "load(function() while true do end end)",
        "table.sort({1, 2, 3}, function() while true do end end)",
        "string.gsub('aaa', 'a', function() while true do end end)",
        "local t = setmetatable({}, {__tostring = function() while true do end end}) print(t)",
        "error(setmetatable({}, {__tostring = function() while true do end end}))",
        "while true do coroutine.wrap(function() coroutine.yield() end)() end",
        // Loops in C, where no hook runs.
        "table.move({}, 1, math.maxinteger - 1, 2)",
        "table.insert(setmetatable({}, {__len = function() return math.maxinteger - 1 end}), 1, 1)",
        "table.remove(setmetatable({}, {__len = function() return math.maxinteger - 1 end}), 1)",
        "table.concat(setmetatable({}, {__index = table.concat}), '', 1, math.maxinteger)",
        "('a'):rep(30000):find(('.-'):rep(20) .. 'b')",
        "('a'):rep(30000):gsub(('a*'):rep(20) .. 'b', '')",
        "for w in ('a'):rep(30000):gmatch(('a*'):rep(20) .. 'b') do end",
        "('('):rep(1000000):match('%b()x')",
    ]

    @Test("The clock stops it", arguments: endless)
    func timeout(source: String) throws {
        let clock = ContinuousClock()
        let start = clock.now
        let error = try #require(failure(source, limits(seconds: 0.1)))
        #expect(error.code == .limitExceeded)
        #expect(error.message.hasPrefix("the script ran longer than its limit of 0.1 s"))
        #expect(start.duration(to: clock.now) < .seconds(5))
    }

    @Test("The instruction count stops it", arguments: endless)
    func instructions(source: String) throws {
        let error = try #require(failure(source, limits(instructions: 100_000)))
        #expect(error.code == .limitExceeded)
        #expect(error.message.hasPrefix("the script took more than its limit of 100000 instructions"))
    }

    @Test(
        "The clock stops calls and operators that take long each, soon",
        arguments: [
            ("s = ('x'):rep(64 << 20)", "s:lower()"), ("s = ('x'):rep(64 << 20)", "s:upper()"),
            ("s = ('x'):rep(64 << 20)", "s:reverse()"), ("s = ('x'):rep(64 << 20)", "s = s:rep(1, s)"),
            ("s = ('x'):rep(64 << 20)", "local x = s .. 'x'"), ("s = ('x'):rep(64 << 20)", "string.pack('s4', s)"),
            ("s = ('x'):rep(64 << 20)", "utf8.len(s)"), ("s = ('x'):rep(64 << 20)", "utf8.offset(s, -1, 1 << 26)"),
            ("s = (' '):rep(64 << 20)", "tonumber(s)"), ("s = (' '):rep(64 << 20)", "pcall(math.abs, s)"),
            ("s = (' '):rep(64 << 20)", "load(s)"),
            ("s = ('x'):rep(150 << 20) t = s .. 'a' s = s .. 'b'", "local x = s == t or s < t"),
            ("s = ('x'):rep(64 << 20)", "coroutine.wrap(function() while true do s:lower() end end)()"),
            (
                "s = ('x'):rep(64 << 20)",
                "coroutine.resume(coroutine.create(function() while true do s:lower() end end))"
            ),
            (
                """
                co = coroutine.wrap(function()
                  coroutine.yield()
                  local s, q = coroutine.yield()
                  while true do local n = s == q end
                end)
                co() co()
                s = ('y'):rep(100 << 20) q = ('y'):rep(99 << 20) .. ('y'):rep(1 << 20)
                """, "co(s, q)"
            ),
            ("s = {} for i = 1, 2000000 do s[i] = {} end", "collectgarbage()"),
        ])
    func longCalls(setup: String, call: String) throws {
        let engine = try engine(limits(seconds: 2))
        try engine.run(setup)
        let clock = ContinuousClock()
        let start = clock.now
        let error = #expect(throws: TesseraError.self) { try engine.run("while true do \(call) end") }
        #expect(error?.code == .limitExceeded)
        #expect(start.duration(to: clock.now) < .seconds(4))
    }

    @Test func largeBlocksCountAsInstructions() throws {
        // 2 MiB each, of which 64 bytes are an instruction.
        let source = "local s = ('x'):rep(1 << 20) for i = 1, 100 do s:lower() end"
        let error = try #require(failure(source, limits(instructions: 1_000_000)))
        #expect(error.message.hasPrefix("the script took more than its limit of 1000000 instructions"))
        try run(source, limits(instructions: 5_000_000))
    }

    @Test("An interruption stops it, also without limits", arguments: endless)
    func interruption(source: String) async throws {
        let options = limits()
        let (clock, isDone) = (options.clock, Flag())
        // What comes before the run begins is not for it.
        let thread = Thread {
            while !isDone.isDone {
                Thread.sleep(forTimeInterval: 0.05)
                clock.interruption.request()
            }
        }
        thread.start()
        defer { isDone.set(true) }
        let error = try #require(failure(source, options))
        #expect(error.code == .limitExceeded)
        #expect(error.message == "interrupted")
    }

    @Test func anInterruptedEngineRunsWhatComesNext() throws {
        let options = limits()
        let stop = Binding("stop", "stop()", "Interrupts the script that calls it.") { _ in
            options.clock.interruption.request()
            return []
        }
        let engine = try engine(options, [stop])
        #expect(throws: TesseraError.self) { try engine.run("x = 3 test.stop() x = 4", name: "test.lua") }
        #expect(try engine.run("return x") == [3])
    }

    @Test func theLocationIsThatOfTheLoop() throws {
        let error = try #require(failure("\n\nwhile true do end", limits(seconds: 0.05)))
        #expect(error.location == SourceLocation(file: "test.lua", line: 3))
    }

    @Test func repeatingNothingEnds() throws {
        #expect(
            try run("return string.rep('', math.maxinteger), ('ab'):rep(2, ',')", limits(seconds: 1)) == ["", "ab,ab"])
    }

    @Test(
        "Memory is limited",
        arguments: [
            "local s = string.rep('x', 1 << 30)",
            "local t = {} for i = 1, 1 << 40 do t[i] = i end",
            "local s = 'x' while true do s = s .. s end",
            "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
            "local t = {} while true do t[#t + 1] = function() return t end end",
            "coroutine.wrap(function() local s = string.rep('x', 1 << 30) end)()",
            "test.call(function() local s = string.rep('x', 1 << 30) end)",
            "local t = {} while true do t[#t + 1] = test.counter('a', 1 << 20) end",
            "local t = {} while true do t[#t + 1] = test.echo(t[#t] or ('x'):rep(100000)) .. 'x' end",
            "string.format('%s', setmetatable({}, {__tostring = function() return ('x'):rep(1 << 30) end}))",
        ])
    func memory(source: String) throws {
        var options = limits(seconds: 60, memory: 16)
        options.print = { _ in }
        let error = try #require(failure(source, options))
        #expect(error.code == .limitExceeded)
        #expect(error.message.hasPrefix("the script needs more than its limit of 16 MiB of memory"))
    }

    @Test func aScriptMayRecoverFromTooLargeAString() throws {
        #expect(try run("return pcall(string.rep, 'x', 1 << 30)", limits(memory: 16)) == [false, "not enough memory"])
    }

    @Test func catchingTheErrorGivesNoMoreMemory() throws {
        let results = try run(
            """
            local t, failures = {}, 0
            for i = 1, 10 do
              if not pcall(function() while true do t[#t + 1] = {} end end) then failures = failures + 1 end
            end
            return failures, collectgarbage('count') <= 16 * 1024
            """, limits(memory: 16))
        #expect(results == [10, true])
    }

    @Test func garbageOfLargeObjectsIsCollectedInTime() throws {
        // 10 GiB altogether, of which 1 MiB is alive at a time.
        try run("for i = 1, 10000 do local c = test.counter('a', 1 << 20) end", limits(memory: 256))
    }

    @Test func garbageIsCollectedBeforeABindingRefusesMemory() throws {
        let take = Binding("take", "take(bytes)", "") { call in
            let bytes = try call.integer(1, "bytes")
            try call.limits.check(bytes: bytes, for: "this")
            return [.object(Counter("taken", byteCount: bytes))]
        }
        let source = "local t = {} for i = 1, 14 do t[i] = test.take(1 << 20) end"
        try run(source + " t = nil test.take(8 << 20)", limits(memory: 16), [take])
        let error = try #require(failure(source + " test.take(8 << 20)", limits(memory: 16), [take]))
        #expect(error.message.contains("this takes 8.0 MiB, of which the script's limit leaves"))
    }

    @Test func limitsBeginAnewWithEveryRun() throws {
        let engine = try engine(limits(instructions: 50_000))
        for _ in 0..<10 { try engine.run("for i = 1, 10000 do end") }
        #expect(throws: TesseraError.self) { try engine.run("for i = 1, 1000000 do end") }
        try engine.run("for i = 1, 10000 do end")
    }

    @Test func withoutLimitsNothingStops() throws {
        #expect(try run("local n = 0 for i = 1, 300000 do n = n + 1 end return n", limits()) == [300_000])
    }
}
