import Foundation
import Tessera
import TesseraScript
import Testing

/// The files in the repository that come from the bindings, or are scripts. With TESSERA_UPDATE=1 the former are rewritten.
@Suite struct CommittedFilesTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Test func theReferenceAndTheAnnotationsAreUpToDate() throws {
        let library = ScriptLibrary.tessera()
        for (name, text) in [
            ("docs/lua-reference.md", library.reference), ("scripts/meta/tessera.lua", library.annotations),
        ] {
            let url = URL(fileURLWithPath: Self.root + "/" + name)
            if ProcessInfo.processInfo.environment["TESSERA_UPDATE"] == "1" { try Data(text.utf8).write(to: url) }
            #expect(
                try String(contentsOf: url, encoding: .utf8) == text, "\(name): run with TESSERA_UPDATE=1 to rewrite it"
            )
        }
    }

    @Test("A workflow runs", arguments: ["resnet20", "dncnn"])
    func partitionWorkflow(network: String) async throws {
        let lines = Lines()
        var options = ScriptEngine.Options()
        options.print = lines.add
        options.arguments = [Self.root + "/configs/networks/\(network).yaml", "3"]
        _ = try await NetworkFolder().run(
            String(contentsOfFile: Self.root + "/scripts/workflows/partition.lua", encoding: .utf8), options)
        #expect(lines.text.split(separator: "\n").count == 4)
        #expect(lines.text.components(separatedBy: "equal to one device to the bit").count == 4)
    }
}
