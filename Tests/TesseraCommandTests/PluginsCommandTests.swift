import Foundation
import TesseraTestSupport
import Testing

/// `tessera plugins`, and plugins in other commands.
@Suite struct PluginsCommandTests {
    private static let crash = "#include <stdlib.h>\nvoid *tessera_plugin(void) { abort(); }\n"

    private static let network = """
        tessera: 1
        inputs: {x: {shape: [1, 2, 8, 8]}}
        weights: {random: 1}
        layers:
          - sharpen: {name: s, radius: 1}
        outputs: [s]
        """

    @Test("plugins that cannot be loaded are listed with the reason, those that crash among them, and are no failure")
    func list() throws {
        let folder = try TemporaryFolder()
        let crash = try SampleLibrary.c(Self.crash, in: folder, named: "crash")
        let text = try folder.write("text", to: "text.so")
        let metric = try SampleLibrary.example("lp-norm")
        let listed = try Command("plugins", "--json", "--plugin", crash, "--plugin", text, "--plugin", metric)
        #expect(listed.status == 0)
        let refused = try #require(try listed.json()["refused"] as? [[String: String]])
        #expect(refused.compactMap { $0["path"] } == [crash, text])
        #expect(refused.first?["reason"]?.contains("signal 6") == true)
        #expect(refused.last?["reason"] == "expected a shared library (ELF), found another kind of file")
        let modules = try #require(try listed.json()["modules"] as? [[String: Any]])
        let module = try #require(modules.first { $0["name"] as? String == "lp-norm" })
        #expect(module["source"] as? String == URL(fileURLWithPath: metric).resolvingSymlinksInPath().path)
        #expect(module["options"] as? [String: String] == ["p": "the exponent, at least 1 (number)"])
        let shown = try Command("plugins", "--plugin", text)
        #expect(shown.output.contains("refused plugins\n  \(text): expected a shared library"))
    }

    @Test("a broken plugin stops a command that names it; one in a folder is told of and left out")
    func search() throws {
        let folder = try TemporaryFolder()
        let text = try folder.write("text", to: "text.so")
        let file = try folder.write(Self.network, to: "network.yaml")
        let sharpen = try SampleLibrary.example("sharpen")
        try FileManager.default.copyItem(atPath: sharpen, toPath: folder.file("sharpen.so"))
        let found = try Command("inspect", file, "--json", environment: ["TESSERA_PLUGIN_PATH": folder.path])
        #expect(found.status == 0)
        #expect(found.errors.contains("warning: the plugin '\(text)' is left out: expected a shared library"))
        let named = try Command("inspect", file, "--plugin", sharpen, "--plugin", text)
        #expect(named.status == 1)
        #expect(named.errors.contains("\(text): expected a shared library"))
        let without = try Command("inspect", file)
        #expect(without.status == 1)
        #expect(without.errors.contains("unknown layer 'sharpen'"))
        let run = try Command("bench", file, "--plugin", sharpen, "--seconds", "0.01", "--json")
        #expect(run.status == 0)
    }

    @Test("checks are printed one by one, and their status says whether all hold")
    func check() throws {
        let folder = try TemporaryFolder()
        let good = try Command("plugins", "check", SampleLibrary.example("lp-norm"), "--options", "{p: 1}")
        #expect(good.status == 0)
        #expect(good.output.contains("  ok      every value is a finite number\n"))
        let source = try String(
            contentsOfFile: "\(TestFiles.repository.path)/Plugins/Examples/template/template.c", encoding: .utf8)
        let broken = source.replacingOccurrences(of: "factor * largest;", with: "factor / 0;")
        #expect(broken != source)
        let bad = try Command("plugins", "check", SampleLibrary.c(broken, in: folder), "--json")
        #expect(bad.status == 1)
        let checks = try #require(try bad.json()["checks"] as? [[String: Any]])
        let failed = checks.filter { $0["ok"] as? Bool == false }
        #expect(failed.contains { ($0["reason"] as? String)?.contains("expected finite values") == true })
        let crash = try Command("plugins", "check", SampleLibrary.c(Self.crash, in: folder, named: "crash"))
        #expect(crash.status == 1)
        #expect(crash.errors.contains("was ended by signal 6"))
        let builtin = try Command("plugins", "check", "--module", "strategy/vertical")
        #expect(builtin.status == 0)
        #expect(
            try Command("plugins", "check", "--module", "strategy/verticle").errors.contains("did you mean 'vertical'"))
        #expect(try Command("plugins", "check").status == 64)
    }
}
