import Foundation
import Tessera
import TesseraScript
import Testing

@Suite struct PruningBindingTests {
    private let folder: NetworkFolder

    init() throws {
        folder = try NetworkFolder()
        try folder.write(
            "toy.yaml",
            """
            tessera: 1
            name: toy
            inputs: {image: {shape: [batch, 1, 8, 8]}}
            weights: {random: 7}
            layers:
              - conv: {name: a, channels: 8, kernel: 3, padding: same}
              - relu
              - conv: {name: b, channels: 6, kernel: 3, padding: same}
              - conv: {name: c, channels: 1, kernel: 1}
            outputs: [c]
            """)
    }

    @Test func aNetworkIsPrunedRunsAndIsSaved() async throws {
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/toy.yaml')
            local small, report = net:prune{metric = 'l1', amount = {rule = 'ratio', ratio = 0.5}, keep = {'b'}}
            small:save(folder .. '/out')
            local x = tessera.tensor{shape = {1, 1, 8, 8}, random = 1}
            local again = tessera.network(folder .. '/out/network.yaml')
            return small.layers[1].options.channels, small.layers[3].options.channels, report.layers[1].channels_after,
              report.before.macs, report.after.macs, small:run(x) == again:run(x), report.after.latency_ms == nil
            """)
        // 8x8 pixels of 8 · 9, 6 · 8 · 9 and 6; half of the first channels are gone afterwards.
        let expected: [ScriptValue] = [4, 6, 4, 32640, 16512, true, true]
        #expect(results.values == expected)
    }

    @Test func aMetricWrittenInLuaDecidesWhatGoes() async throws {
        let results = try await folder.run(
            """
            tessera.register.saliency_metric('last-first', function(group, options)
              local values = {}
              for i, channel in ipairs(group.channels) do
                assert(#channel.kernels == (group.layers[1] == 'a' and 9 or 72) and #channel.biases == 1)
                values[i] = (options.sign or -1) * i
              end
              return values
            end)
            local net = tessera.network(folder .. '/toy.yaml')
            local _, report = net:prune{metric = 'last-first', amount = {rule = 'ratio', ratio = 0.25}}
            local _, other = net:prune{metric = {metric = 'last-first', sign = 1}, amount = {rule = 'ratio', ratio = 0.25}}
            return report.pruned.a[1], report.pruned.a[2], report.pruned.b[1], other.pruned.a[1], other.pruned.b[1]
            """)
        #expect(results.values == [6, 7, 5, 0, 0])
    }

    @Test("The script and the file on the page about pruning work")
    func page() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let page = try String(contentsOfFile: root + "/docs/pruning.md", encoding: .utf8)
        func block(_ language: String) throws -> String {
            let parts = page.components(separatedBy: "```\(language)\n")
            return try #require(parts.count == 2 ? parts[1].components(separatedBy: "\n```").first : nil)
        }
        let script = try block("lua").replacing("\"pruned\"", with: "folder .. '/pruned'")
            .replacing("\"configs/", with: "\"\(root)/configs/")
        let results = try await folder.run(script + "\nreturn report.after.macs < report.before.macs")
        #expect(results.values == [true])
        #expect(FileManager.default.fileExists(atPath: folder.path + "/pruned/network.yaml"))
        let file = try PruningFile(configuration: YAMLReader.parse(block("yaml"), file: "page"))
        #expect(file.amount.name == "target-macs" && file.samples?.count == 500)
    }

    @Test(
        "Misused, it says what was expected",
        arguments: [
            ("net:prune{metric = 'l5'}", "unknown saliency metric 'l5'"),
            ("net:prune{amuont = 'ratio'}", "did you mean 'amount'?"),
            ("net:prune{amount = {rule = 'ratio', ratio = 2}}", "'ratio' from 0 to below 1"),
            ("net:prune{metric = bad}", "expected a list of 8 numbers as the result, got a number"),
            ("net:prune{metric = few}", "expected 8 saliencies, found 1"),
            ("tessera.register.saliency_metric('l1', print)", "a saliency metric named 'l1' is registered already"),
        ])
    func misuse(source: String, message: String) async throws {
        let error = await folder.failure(
            """
            bad, few = 'bad', 'few'
            tessera.register.saliency_metric(bad, function() return 3 end)
            tessera.register.saliency_metric(few, function() return {3} end)
            local net = tessera.network(folder .. '/toy.yaml')
            """ + "\n" + source)
        #expect(error?.description.contains(message) == true, "\(source): \(String(describing: error))")
    }
}
