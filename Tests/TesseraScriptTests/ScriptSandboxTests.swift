import Foundation
import TesseraCore
import TesseraScript
import Testing

@Suite struct ScriptSandboxTests {
    @Test(
        "What reaches outside is not there",
        arguments: ["io", "os", "package", "dofile", "loadfile", "loadstring", "module"])
    func absent(name: String) throws {
        #expect(try run("return rawget(_G, '\(name)')") == [nil])
        let error = try #require(failure("return \(name)"))
        #expect(error.message.hasPrefix("global '\(name)' is not declared"))
    }

    @Test(
        "A hole is closed",
        arguments: [
            "assert(load('\\27Lua') == nil)",
            "assert(load('\\27Lua', 'x', 'b') == nil)",
            "assert(load('\\27Lua', 'x', 'bt') == nil)",
            "assert(load('return 1', 'x', 'b') == nil)",
            "assert(string.dump == nil)",
            "assert(getmetatable('') == 'protected')",
            "assert(not pcall(setmetatable, _G, {}))",
            "assert(getmetatable(_G) == 'protected')",
            "assert(getmetatable(test) == 'protected')",
            "assert(getmetatable(test.counter('a')) == 'protected')",
            "assert(not pcall(setmetatable, {}, {__gc = function() end}))",
            "assert(not pcall(function() test.counter('a').x = 1 end))",
            "assert(not pcall(rawset, test.counter('a'), 'x', 1))",
            "assert(not pcall(require, '../secret'))",
            "assert(not pcall(require, '/etc/passwd'))",
            "assert(not pcall(require, 'a..b'))",
            "assert(not pcall(require, ''))",
            "assert(not pcall(require, 'a/b'))",
            "assert(not pcall(require, 'a\\0b'))",
            "assert(not pcall(require, 'socket'))",
            "assert(not pcall(require, 7))",
            "assert(load('return 1')() == 1)",
            "assert(load('return x', 'chunk', 't', {x = 2})() == 2)",
            "local f = load(coroutine.wrap(function() coroutine.yield('return ') coroutine.yield('3') end)) assert(f() == 3)",
            "assert(select('#', load('x = = 1')) == 2)",
        ])
    func hole(source: String) throws { try run(source) }

    @Test func aScriptHasTracebacksAndNothingElseOfDebug() throws {
        let results = try run(
            """
            local names = {}
            for name in pairs(debug) do names[#names + 1] = name end
            local function fail() error("broken", 0) end
            local ok, text = xpcall(fail, debug.traceback)
            local value = {}
            local function outer() return (debug.traceback("here", 2)) end
            return names, getmetatable(debug), text, debug.traceback(value) == value, debug.traceback(nil, -1),
              debug.traceback("far", math.maxinteger), outer()
            """)
        #expect("\(results[0])" == #"{"traceback"}"#)
        #expect(results[1] == "protected")
        let text = "\(results[2])"
        #expect(text.contains("broken\nstack traceback:") && text.contains("test.lua:3: in "), "\(text)")
        #expect(results[3] == true)
        #expect(results[4] == "stack traceback:")
        #expect(results[5] == "far\nstack traceback:")
        #expect("\(results[6])".contains("test.lua:8: in main chunk") && !"\(results[6])".contains("outer"))
        let error = try #require(failure("debug.getregistry()"))
        #expect(error.message.hasPrefix("there is no debug.getregistry: only a trusted script (--trusted) has it"))
    }

    @Test func aScriptCannotBreakTheStringsOfOthers() throws {
        #expect(throws: TesseraError.self) { try run("getmetatable('').__index = {}") }
    }

    @Test func trustedScriptsGetEverything() throws {
        var options = ScriptEngine.Options()
        options.isTrusted = true
        let results = try run(
            "return type(io.open), type(os.time), type(debug.getinfo), load(string.dump(function() return 5 end))()",
            options)
        #expect(results == ["function", "function", "function", 5])
    }

    @Test(
        "Globals must be declared",
        arguments: [
            ("local function f() x = 1 end f()", "assignment to undeclared global 'x'"),
            ("return x", "global 'x' is not declared"),
            ("return prnt", "global 'prnt' is not declared, did you mean 'print'?"),
            ("test.ecko()", "there is no test.ecko, did you mean 'echo'?"),
            ("test.deep.er.ecko()", "there is no test.deep.er.ecko, did you mean 'echo'?"),
        ])
    func undeclared(source: String, message: String) throws {
        let error = try #require(failure(source))
        #expect(error.message.contains(message))
        #expect(error.location?.line == 1)
    }

    @Test func globalsOfTheMainChunkMayBeUsedEverywhere() throws {
        #expect(
            try run("x = nil; y = 1; local function f() x = y + 1; return x end return f(), x, test.deep.er.echo(3)")
                == [2, 2, 3])
    }

    @Test func modulesAreFoundBesideTheScriptAndInTheSearchPath() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("script-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ text: String, to name: String) throws -> String {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            return file.path
        }
        _ = try write(
            "count = (rawget(_G, 'count') or 0) + 1; return {name = ..., count = count}", to: "scripts/lib/a.lua")
        _ = try write("return 'shared'", to: "shared/b.lua")
        let broken = try write("\nerror('broken')", to: "shared/broken.lua")
        let loop = try write("return require('loop')", to: "scripts/loop.lua")
        let main = try write(
            "#!/usr/bin/env tessera\nlocal a, again = require('lib.a'), require('lib.a')\nreturn a.name, a.count, a == again, require('b')",
            to: "scripts/main.lua")
        var options = ScriptEngine.Options()
        options.searchPaths = [folder.path + "/shared"]
        #expect(try engine(options).run(file: main) == ["lib.a", 1, true, "shared"])

        let error = #expect(throws: TesseraError.self) { try engine(options).run("require('broken')") }
        #expect(error?.location == SourceLocation(file: broken, line: 2))
        #expect(error?.message.hasPrefix("broken") == true)
        let missing = #expect(throws: TesseraError.self) { try engine(options).run("require('nothing.here')") }
        #expect(missing?.message.contains("nothing/here.lua") == true)
        let cycle = #expect(throws: TesseraError.self) { try engine(options).run(file: loop) }
        #expect(cycle?.message.contains("requires itself") == true)
    }

    @Test func aFolderOrAMissingFileIsNoScript() throws {
        for path in ["/", "/dev/null", "/nowhere.lua", "f", ""] {
            let error = #expect(throws: TesseraError.self) { try engine().run(file: path) }
            #expect(error?.code == .inputOutput)
        }
    }
}
