import Foundation
import TesseraTestSupport
import Testing

@Suite struct ScriptCommandTests {
    @Test("an error shows the lines around it, the calls that led there, and what caused it")
    func excerpt() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write(
            """
            local function wrong(x)
              return tessera.op("conv", x, {chanels = 4, kernel = 3})
            end
            local x = tessera.tensor{shape = {1, 1, 8, 8}}
            wrong(x):save("never.npy")
            """, to: "wrong.lua")
        let run = try Command("script", script)
        #expect(run.status == 1)
        let lines = run.errors.split(separator: "\n").map(String.init)
        #expect(lines[0] == "Error: \(script):2: op: unknown key 'chanels', did you mean 'channels'?")
        #expect(
            Array(lines[1..<5]) == [
                "    1 | local function wrong(x)",
                "  > 2 |   return tessera.op(\"conv\", x, {chanels = 4, kernel = 3})", "    3 | end",
                "    4 | local x = tessera.tensor{shape = {1, 1, 8, 8}}",
            ], "\(run.errors)")
        #expect(run.errors.contains("stack traceback:"), "\(run.errors)")
    }

    @Test(
        "of several faults of a network all are said before the lines around the call, and those around the first come below"
    )
    func cause() throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(
            """
            tessera: 1
            inputs: {x: {shape: [1, 4]}}
            weights: {random: 1}
            layers:
              - linear: {name: a, feature: 3}
              - rele: {name: b}
            outputs: [b]
            """, to: "net.yaml")
        let script = try folder.write("local path = arg[1]\ntessera.network(path)\n", to: "load.lua")
        let lines = try Command("script", script, network).errors.split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("Error: \(script):2: "), "\(lines)")
        let second = try #require(lines.firstIndex { $0.hasPrefix("\(network):6:5: ") }, "\(lines)")
        #expect(
            Array(lines[(second + 1)...(second + 2)]) == [
                "    1 | local path = arg[1]", "  > 2 | tessera.network(path)",
            ])
        #expect(lines[second + 3].hasPrefix("caused by: \(network):5:"), "\(lines)")
        #expect(
            Array(lines[(second + 4)...]) == [
                "    3 | weights: {random: 1}", "    4 | layers:", "  > 5 |   - linear: {name: a, feature: 3}",
                "    6 |   - rele: {name: b}", "    7 | outputs: [b]",
            ], "\(lines)")
    }

    @Test("an error in a plugin names its module and shows the lines around it in every command")
    func failingPlugin() throws {
        let folder = try TemporaryFolder()
        let plugin = try folder.write(
            """
            tessera.register.saliency_metric("mine", function(group)
              return group.none.such
            end)
            tessera.register.partition_strategy("mine", function(span) return span.none.such end)
            """, to: "mine.lua")
        let network = TestFiles.network("lenet5")
        let prune = try Command(
            "prune", network, "-o", folder.file("out"), "--metric", "mine", "--plugin", plugin, "--no-latency")
        #expect(prune.status == 1)
        #expect(
            prune.errors == """
                Error: \(plugin):2: saliency metric 'mine': attempt to index a nil value (field 'none')
                    1 | tessera.register.saliency_metric("mine", function(group)
                  > 2 |   return group.none.such
                    3 | end)
                    4 | tessera.register.partition_strategy("mine", function(span) return span.none.such end)

                """)
        let plan = try Command("plan", network, "--nodes", "2", "--strategy", "mine", "--plugin", plugin)
        #expect(plan.errors.hasPrefix("Error: \(plugin):4: strategy 'mine': attempt to index"), "\(plan.errors)")
        #expect(plan.errors.contains("  > 4 | tessera.register.partition_strategy"), "\(plan.errors)")
    }

    @Test("what a script prints comes before the error that ends it, and line by line into a pipe")
    func order() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write("print('first')\nerror('then')\n", to: "order.lua")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "'\(TestFiles.executable)' script '\(script)' > '\(folder.file("log"))' 2>&1"]
        try process.run()
        process.waitUntilExit()
        let log = try String(contentsOfFile: folder.file("log"), encoding: .utf8)
        #expect(log.hasPrefix("first\nError: \(script):2: then\n"), "\(log)")

        // The script waits for what is written only once its line was read.
        let (waiting, output) = (Process(), Pipe())
        let wait = try folder.write("print('ready')\nwhile not io.open(arg[1]) do end\nprint('done')\n", to: "wait.lua")
        waiting.executableURL = URL(fileURLWithPath: TestFiles.executable)
        waiting.arguments = ["script", "--trusted", "--timeout", "120", wait, folder.file("go")]
        waiting.standardOutput = output
        try waiting.run()
        #expect(output.fileHandleForReading.availableData == Data("ready\n".utf8))
        _ = try folder.write("", to: "go")
        waiting.waitUntilExit()
        #expect(output.fileHandleForReading.availableData == Data("done\n".utf8))
    }

    @Test("limits take powers of ten and 'none', and hold for trusted scripts")
    func limits() throws {
        let folder = try TemporaryFolder()
        let loop = try folder.write("for i = 1, tonumber(arg[1]) do end print('through')", to: "loop.lua")
        let few = try Command("script", "--trusted", "--instructions", "1e6", loop, "3000000")
        #expect(few.status == 1 && few.errors.contains("more than its limit of 1000000 instructions"), "\(few.errors)")
        #expect(try Command("script", "--instructions", "1e6", loop, "1000").output == "through\n")
        let late = try Command("script", "--trusted", "--timeout", "0.2", "--instructions", "none", loop, "1e12")
        #expect(late.status == 1 && late.errors.contains("longer than its limit of 0.2 s"), "\(late.errors)")
        // 1.5 GiB.
        let large = try folder.write(
            "local a, b = ('x'):rep(3 << 28), ('y'):rep(3 << 28) print(#a + #b)", to: "large.lua")
        #expect(try Command("script", "--trusted", large).status == 1)
        let all = ["--timeout", "none", "--memory", "none", "--instructions", "none"]
        #expect(try Command(["script"] + all + [large]).output == "1610612736\n")
        for wrong in [["--timeout", "0"], ["--memory", "1.5"], ["--instructions", "-1"], ["--timeout", "nan"]] {
            #expect(try Command(["script", "\(wrong[0])=\(wrong[1])", loop, "1"]).status == 64, "\(wrong)")
        }
    }

    @Test("a session from a pipe numbers its lines through, shows the entry that failed, and ends by 'exit'")
    func pipe() throws {
        let failing = try Command(
            "repl", input: "x = 1\n=x + 1\nfor i = 1, 2 do\nx = i\nnone.such()\nend\nprint('no')\n")
        #expect(failing.status == 1 && failing.output == "2\n")
        #expect(
            failing.errors == """
                input:5: global 'none' is not declared
                    3 | for i = 1, 2 do
                    4 | x = i
                  > 5 | none.such()
                    6 | end

                """)
        let left = try Command("repl", input: "help\nprint(1)\n exit\nprint(2)\n")
        #expect(left.status == 0 && left.output.hasSuffix("\n1\n"), "\(left.output)")
        #expect(left.output.contains("Ctrl-D"), "\(left.output)")
        // Only a terminal is spared long values.
        let long = try Command("repl", input: "('a\\n'):rep(1000)\n")
        #expect(long.output == String(repeating: "a\n", count: 1000) + "\n")
    }

    @Test("--help behind a script prints the comment that it begins with")
    func help() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write(
            "-- Adds numbers.\n--\n--   add.lua A B\n\n-- Not this.\nprint(1)\n", to: "add.lua")
        #expect(try Command("script", script, "--help").output == "Adds numbers.\n\n  add.lua A B\n")
        let silent = try folder.write("print(arg[1])\n", to: "silent.lua")
        #expect(try Command("script", silent, "--help").output == "--help\n")
    }

    /// What a command prints on a terminal.
    ///
    /// - Parameter text: what is typed from the beginning on.
    private func terminal(_ arguments: String, typing text: String, in folder: TemporaryFolder) throws -> String {
        try terminal(arguments, typing: [("", text)], in: folder)
    }

    /// - Parameter steps: what is typed, each once the terminal shows a text, which comes after the one before it.
    private func terminal(
        _ arguments: String, typing steps: [(once: String, text: String)], in folder: TemporaryFolder,
        environment: [String: String] = [:]
    ) throws -> String {
        let (process, input) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["120", "script", "-qec", "'\(TestFiles.executable)' \(arguments)", "/dev/null"]
        process.environment = ProcessInfo.processInfo.environment.merging([
            "TESSERA_HISTORY": folder.file("history"), "TERM": "xterm",
        ]) { $1 }.merging(environment) { $1 }
        (process.standardInput, process.standardError) = (input, FileHandle.nullDevice)
        process.standardOutput = FileHandle(forWritingAtPath: try folder.write("", to: "typescript"))
        try process.run()
        // A command that ended early is for the test to say, not the end of all tests.
        signal(SIGPIPE, SIG_IGN)
        func shown() -> String {
            String(decoding: FileManager.default.contents(atPath: folder.file("typescript")) ?? Data(), as: UTF8.self)
        }
        var seen = 0
        for (expected, text) in steps {
            while process.isRunning, !expected.isEmpty {
                let rest = shown().dropFirst(seen)
                if let found = rest.firstRange(of: expected) {
                    seen += rest.distance(from: rest.startIndex, to: found.upperBound)
                    break
                }
                Thread.sleep(forTimeInterval: 0.01)
            }
            try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        }
        // The end of the input is that of the session.
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        return shown()
    }

    @Test(
        "on a terminal, Ctrl-C drops what is typed, ends what runs, in Lua and in what Lua calls, and keeps the session"
    )
    func interruption() throws {
        let folder = try TemporaryFolder()
        let text = try terminal(
            "repl",
            typing: [
                ("> ", "kept = 6\nprint('dropped"), ("print('dropped", "\u{3}"), ("^C", "for i = 1, 2 do\n"),
                (">> ", "\u{3}"),
                ("^C", "print(111 * 5) while true do end\n"), ("555\r\n", "\u{3}"),
                (
                    "interrupted",
                    "net = tessera.network('\(TestFiles.network("lenet5"))') print(111 * 6) net:bench{inputs = {digit = {1, 1, 32, 32}}, seconds = 3000}\n"
                ), ("666\r\n", "\u{3}"), ("interrupted", "print(kept * 7)\n"), ("42\r\n", "\u{4}"),
            ], in: folder)
        #expect(text.contains("42\r\n"), "\(text)")
        let history = try String(contentsOfFile: folder.file("history"), encoding: .utf8)
        #expect(history.contains("while") && !history.contains("dropped"), "\(history)")
    }

    @Test("on a terminal, letters beyond ASCII are taken, whatever the locale", arguments: ["C.UTF-8", "C"])
    func letters(locale: String) throws {
        let folder = try TemporaryFolder()
        let text = try terminal(
            "repl", typing: [("> ", "s = 'éà'\n#s * 10 + utf8.len(s)\n"), ("42", "")], in: folder,
            environment: ["LC_ALL": locale])
        #expect(text.contains("42\r\n"), "\(text)")
    }

    @Test("on a terminal, the beginning of a long value is printed, and all of it if that is asked for")
    func longValue() throws {
        let folder = try TemporaryFolder()
        let typed = "t = {} for i = 1, 300 do t[i] = 'entry ' .. i end\nt\n= t\n"
        let text = try terminal("repl", typing: typed, in: folder)
        #expect(text.components(separatedBy: "\"entry 39\"").count == 3, "\(text)")
        #expect(text.components(separatedBy: "\"entry 40\"").count == 2, "\(text)")
        #expect(text.contains("more characters: '=' before the entry shows all"), "\(text)")
    }

    @Test(
        "on a terminal, the prompt takes entries of several lines, completes names, survives mistakes and keeps what was typed"
    )
    func prompt() throws {
        let folder = try TemporaryFolder()
        let typed = "for i = 1, 2 do\nprint(i * 21)\nend\nnone.such\nx = tessera.clo\t() > 0\nx\n"
        let text = try terminal("repl", typing: typed, in: folder)
        #expect(text.contains("Ctrl-D ends the session"), "\(text)")
        #expect(text.contains("21\r\n42\r\n"), "\(text)")
        #expect(text.contains("'none'"), "\(text)")
        #expect(text.contains("true\r\n"), "\(text)")
        let history = try String(contentsOfFile: folder.file("history"), encoding: .utf8)
        #expect(history.contains("tessera.clock()"), "\(history)")
    }

    @Test("on a terminal, a script's progress is a bar on one line, which is gone at the end")
    func progress() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write(
            """
            local bar = tessera.progress(3, "working")
            for i = 1, 3 do bar:step() end
            bar:close()
            print("done")
            """, to: "bar.lua")
        let text = try terminal("script '\(script)'", typing: "", in: folder)
        #expect(text.contains("working") && text.contains("\r") && text.hasSuffix("done\r\n"), "\(text)")
        let plain = try Command("script", script)
        #expect(plain.output == "done\n" && plain.errors == "")
    }

    @Test("a script deploys to nodes that run elsewhere, and says what is wrong with those that it lists")
    func listedNodes() throws {
        let nodes = try [NodeProcess(name: "a"), NodeProcess(name: "b")]
        let folder = try TemporaryFolder()
        let network = TestFiles.network("sketch")
        let addresses = nodes.map { "'\($0.address)'" }.joined(separator: ", ")
        let script = try folder.write(
            """
            local net = tessera.network('\(network)')
            local x = tessera.tensor{shape = {1, 3, 48, 64}, random = 1}
            local output, report = net:deploy{nodes = {\(addresses)}, strategy = "strips", inputs = {photo = x}}
            local deployment <close> = net:start{nodes = {\(addresses)}, strategy = "strips", inputs = {photo = x}}
            print(output == net:run(x), (deployment:run(x)) == output, report.nodes)
            """, to: "deploy.lua")
        // The processes end with what refers to them.
        let run = try withExtendedLifetime(nodes) { try Command("script", script) }
        #expect(run.output == "true\ttrue\t2\n", "\(run.errors)")
        for (list, message) in [
            ("{}", "option 'nodes': expected addresses, got none"),
            ("{'nowhere'}", "nodes: expected"), ("'discover'", "expected how many nodes there must be"),
            ("{'192.0.2.1:1'}", "certificates"),
        ] {
            let source = """
                local net = tessera.network('\(network)')
                net:start{nodes = \(list), inputs = {photo = {1, 3, 48, 64}}}
                """
            let failure = try Command("script", folder.write(source, to: "wrong.lua"))
            #expect(failure.status == 1 && failure.errors.contains(message), "\(failure.errors)")
        }
    }

    private static let sparing = """
        tessera.register.amount_rule("sparing", function(problem, options)
          local counts = {}
          for i, curve in ipairs(problem.curves) do
            counts[i] = #curve.values < options.least and 0 or math.floor(#curve.values * options.part)
          end
          return counts
        end, {
          summary = "a part of every layer that has enough channels",
          options = {part = {default = 0.25, summary = "the part that goes"}, least = {default = 16, summary = "fewest"}},
        })
        """

    @Test("a plugin in Lua works by name on the command line, in files, in scripts, and is listed")
    func plugin() throws {
        let folder = try TemporaryFolder()
        let plugin = try folder.write(Self.sparing, to: "sparing.lua")
        let network = TestFiles.network("lenet5")
        // conv1 has 6 channels, conv2 16, fc1 120, fc2 84.
        func channels(_ arguments: String...) throws -> [Int] {
            let report = try Command(
                ["prune", network, "--force", "--no-latency", "--json", "-o", folder.file("out")] + arguments
            )
            .json()
            return (report["layers"] as? [[String: Any]] ?? []).compactMap { $0["channels_after"] as? Int }
        }
        #expect(try channels("--plugin", plugin, "--amount", "sparing", "--option", "part=0.5") == [6, 8, 60, 42])
        let settings = try folder.write(
            "{tessera: 1, plugins: [sparing.lua], metric: l1, amount: {rule: sparing, least: 100}}", to: "prune.yaml")
        #expect(try channels("--config", settings) == [6, 16, 90, 84])

        let script = try folder.write(
            """
            tessera.plugin(arg[1])
            local small, report = tessera.network(arg[2]):prune{amount = "sparing"}
            print(report.layers[2].channels_after, report.layers[3].channels_after)
            """, to: "use.lua")
        #expect(try Command("script", script, plugin, network).output == "12\t90\n")
        #expect(try Command("script", "--plugin", plugin, script, plugin, network).output == "12\t90\n")

        let list = try Command("plugins", "--plugin", plugin).output
        #expect(list.contains("sparing  (\(plugin)): a part of every layer that has enough channels"))
        #expect(list.contains("part: the part that goes (number)"))
        let unknown = try Command("prune", network, "-o", folder.file("no"), "--amount", "sparing")
        #expect(unknown.status == 1 && unknown.errors.contains("unknown pruning amount 'sparing'"), "\(unknown.errors)")
        let wrong = try Command("prune", network, "-o", folder.file("no"), "--plugin", folder.file("none.lua"))
        #expect(wrong.status == 1 && wrong.errors.contains("none.lua"), "\(wrong.errors)")
    }

    @Test("a shared library is loaded by a trusted script, or before the script runs")
    func library() throws {
        let folder = try TemporaryFolder()
        let library = try SampleLibrary.example("lp-norm")
        let script = try folder.write(
            """
            tessera.plugin(arg[1])
            tessera.network(arg[2]):prune{metric = "lp-norm", amount = {rule = "ratio", ratio = 0.5}}
            print("pruned")
            """, to: "use.lua")
        let arguments = [script, library, TestFiles.network("lenet5")]
        let refused = try Command(["script"] + arguments)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("which only a trusted script (--trusted) may load"), "\(refused.errors)")
        #expect(try Command(["script", "--trusted"] + arguments).output == "pruned\n")
        #expect(try Command(["script", "--plugin", library] + arguments).output == "pruned\n")
        // A plugin that is a script is not trusted itself.
        let plugin = try folder.write("tessera.plugin('\(library)')", to: "loading.lua")
        let nested = try Command("script", "--trusted", script, plugin, TestFiles.network("lenet5"))
        #expect(nested.status == 1 && nested.errors.contains("only a trusted script"), "\(nested.errors)")
    }

    @Test("nodes of other processes know a deployment's plugins")
    func deployment() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(
            """
            tessera.register.partition_strategy("rows", function(span, nodes)
              local tiles = {}
              for node, rows in ipairs(tessera.divide(span.output.shape[3], nodes)) do
                tiles[node] = {node = node, rows = rows}
              end
              return {{output = span.output.name, tiles = tiles}}
            end)
            """, to: "rows.lua")
        let deployment = try folder.write(
            """
            tessera: 1
            plugins: [rows.lua]
            network: \(TestFiles.network("sketch"))
            partition: rows
            """, to: "deployment.yaml")
        let picture = TestFiles.repository.appendingPathComponent("configs/pictures/landscape.png").path
        let report = try Command(
            "deploy", deployment, "--spawn", "2", "--input", "photo=\(picture)", "--output", folder.file("out.png"),
            "--verify", "--json"
        ).json()
        #expect(report["strategy"] as? String == "rows")
    }
}
