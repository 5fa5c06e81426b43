import Foundation
import Tessera
import TesseraScript
import Testing

@Suite struct CompressionBindingTests {
    private let network = """
        tessera: 1
        name: toy
        inputs: {image: {shape: [batch, 1, 8, 8]}}
        weights: {random: 7}
        layers:
          - conv: {name: a, channels: 8, kernel: 3, padding: same}
          - relu
          - conv: {name: b, channels: 1, kernel: 1}
        outputs: [b]
        """

    @Test func aNetworkIsCompressedRunsAndIsSavedCompressed() async throws {
        let folder = try NetworkFolder()
        try folder.write("toy.yaml", network)
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/toy.yaml')
            local small, report = net:compress{codec = 'png', bits = 8}
            small:save(folder .. '/out')
            local x = tessera.tensor{shape = {1, 1, 8, 8}, random = 1}
            local again = tessera.network(folder .. '/out/network.yaml')
            local other = tessera.network(folder .. '/toy.yaml', {weights = folder .. '/out/weights.tcw'})
            local lossy = net:compress{codec = 'jpegxl', quality = 90}
            return report.layers[1].codec, #report.layers, small:run(x) == again:run(x), small:run(x) == other:run(x),
              small:run(x) == net:run(x), lossy:run(x) == net:run(x)
            """)
        let expected: [ScriptValue] = ["png", 2, true, true, false, false]
        #expect(results.values == expected)
    }

    @Test func wrongOptionsAreRefused() async throws {
        let folder = try NetworkFolder()
        try folder.write("toy.yaml", network)
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/toy.yaml')
            local function why(options) local _, e = pcall(net.compress, net, options) return tostring(e) end
            return why{codec = 'pmg'}:find("did you mean 'png'", 1, true) ~= nil,
              why{bits = 17}:find('1 to 16', 1, true) ~= nil, why{quality = 3}:find('is for a codec', 1, true) ~= nil,
              why{bitz = 3}:find("did you mean 'bits'", 1, true) ~= nil,
              why{codec = 'png', quality = 3}:find('quality', 1, true) ~= nil
            """)
        let expected: [ScriptValue] = [true, true, true, true, true]
        #expect(results.values == expected)
    }

    @Test func theWorkflowFromFoldingToDeploymentRuns() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let folder = try NetworkFolder()
        try folder.write("toy.yaml", network)
        let script = try String(contentsOfFile: root + "/scripts/workflows/compress.lua", encoding: .utf8)
        let lines = Lines()
        var options = ScriptEngine.Options()
        options.print = lines.add
        options.arguments = [folder.path + "/toy.yaml", "hevc", folder.path + "/small"]
        _ = try await folder.run(script, options)
        #expect(lines.text.contains("on 2 nodes: equal to the bit"), "\(lines.text)")
        #expect(lines.text.split(separator: "\n").count == 4, "\(lines.text)")
    }
}
