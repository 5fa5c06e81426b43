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
