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
        #expect(lines[0] == "Error: \(script):2:1: op: unknown key 'chanels', did you mean 'channels'?")
        #expect(
            Array(lines[1..<5]) == [
                "    1 | local function wrong(x)",
                "  > 2 |   return tessera.op(\"conv\", x, {chanels = 4, kernel = 3})", "    3 | end",
                "    4 | local x = tessera.tensor{shape = {1, 1, 8, 8}}",
            ], "\(run.errors)")
        #expect(run.errors.contains("stack traceback:"), "\(run.errors)")
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

    /// What a command prints on a terminal on which that is typed.
    private func terminal(_ arguments: String, typing text: String, in folder: TemporaryFolder) throws -> String {
        let (process, input) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["120", "script", "-qec", "'\(TestFiles.executable)' \(arguments)", "/dev/null"]
        process.environment = ProcessInfo.processInfo.environment.merging([
            "TESSERA_HISTORY": folder.file("history"), "TERM": "xterm",
        ]) { $1 }
        (process.standardInput, process.standardError) = (input, FileHandle.nullDevice)
        process.standardOutput = FileHandle(forWritingAtPath: try folder.write("", to: "typescript"))
        try process.run()
        input.fileHandleForWriting.write(Data(text.utf8))
        // The end of the input is that of the session.
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        return try String(contentsOfFile: folder.file("typescript"), encoding: .utf8)
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
