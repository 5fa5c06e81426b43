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
            ("docs/lua-reference.md", library.reference), ("scripts/meta/tessera.d.lua", library.annotations),
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

    @Test("The workflow on half precision breaks a network as it is written, and holds it folded")
    func halfPrecisionWorkflow() async throws {
        let lines = Lines()
        var options = ScriptEngine.Options()
        options.print = lines.add
        options.arguments = [Self.root + "/scripts/workflows/half_precision.yaml"]
        _ = try await NetworkFolder().run(
            String(contentsOfFile: Self.root + "/scripts/workflows/half_precision.lua", encoding: .utf8), options)
        #expect(lines.text.contains("as it is written: bn1 (batch_norm), variance 120000"), "\(lines.text)")
        #expect(lines.text.contains("folded: nothing"), "\(lines.text)")
        let numbers = lines.text.split(separator: "\n").last?.split(separator: " ").compactMap { Double($0) } ?? []
        #expect(numbers.count == 2 && numbers[0] > 0.1 && numbers[1] < 0.01, "\(lines.text)")
    }

    @Test("The workflow on pruning compares metrics and rules, and reaches its target with each")
    func pruningWorkflow() async throws {
        let lines = Lines()
        var options = ScriptEngine.Options()
        options.print = lines.add
        options.arguments = [Self.root + "/configs/networks/lenet5.yaml", "2"]
        _ = try await NetworkFolder().run(
            String(contentsOfFile: Self.root + "/scripts/workflows/compare_pruning.lua", encoding: .utf8), options)
        let factors = lines.text.split(separator: "\n").compactMap { line in
            line.split(separator: " ").first { $0.hasSuffix("x") }.flatMap { Double($0.dropLast()) }
        }
        // All metrics but the one that needs batch normalizations, by three rules.
        #expect(factors.count == 12 && factors.allSatisfy { $0 >= 2 }, "\(lines.text)")
        #expect(lines.text.contains("'bn-scale' needs a normalization"), "\(lines.text)")
    }
}
