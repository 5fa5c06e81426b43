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

    @Test func whatIsCompressedGoesToNodesAsItIs() async throws {
        let folder = try NetworkFolder()
        try folder.write("toy.yaml", network.replacingOccurrences(of: "channels: 8", with: "channels: 500"))
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/toy.yaml')
            local small = net:compress{codec = 'zstd', bits = 8}
            local x = tessera.tensor{shape = {1, 1, 8, 8}, random = 1}
            local plain, before = net:deploy{nodes = 2, inputs = {image = x}}
            local y, after = small:deploy{nodes = 2, inputs = {image = x}}
            local cluster <close> = small:start{nodes = 2, inputs = {image = x}}
            local z, again = cluster:run{image = x}
            return y == small:run(x), z == y, before.bytes_saved, after.bytes_saved > 0,
              math.abs(before.bytes_distributed - after.bytes_distributed - after.bytes_saved) < 2000,
              again.bytes_saved == after.bytes_saved
            """)
        let expected: [ScriptValue] = [true, true, 0, true, true, true]
        #expect(results.values == expected)
    }

    @Test func whatOnlyTheScriptCanDecodeGoesToNodesAsItIs() async throws {
        let folder = try NetworkFolder()
        try folder.write("toy.yaml", network)
        let results = try await folder.run(
            """
            tessera.register.weight_layout('rows', function(geometry)
              local places = {}
              for i = 1, geometry.count do places[i] = i end
              return {width = 1, height = #places, frames = 1, places = places}
            end)
            local small = tessera.network(folder .. '/toy.yaml'):compress{codec = 'png', layout = 'rows'}
            local x = tessera.tensor{shape = {1, 1, 8, 8}, random = 1}
            local y, report = small:deploy{nodes = 2, inputs = {image = x}}
            return y == small:run(x), report.bytes_saved
            """)
        let expected: [ScriptValue] = [true, 0]
        #expect(results.values == expected)
    }

    @Test func aLayoutOfTheScriptIsUsedWithItsOptions() async throws {
        let folder = try NetworkFolder()
        try folder.write("toy.yaml", network)
        let results = try await folder.run(
            """
            local seen = {}
            tessera.register.weight_layout('columns', function(geometry, options)
              seen[#seen + 1] = geometry
              local places = {}
              for i = 1, geometry.count do places[i] = geometry.count + 1 - i end
              for i = 1, options.more do places[geometry.count + i] = 1 end
              return {width = 1, height = #places, frames = 1, places = places}
            end, {options = {more = {default = 0, summary = 'samples that are padding'}}})
            local net = tessera.network(folder .. '/toy.yaml', {threads = 2})
            local usual = net:compress{codec = 'png'}
            local small, report = net:compress{codec = 'png', layout = {layout = 'columns', more = 3}}
            local mixed, other = net:compress{codec = 'png', layers = {['b.weight'] = {codec = 'png', layout = 'columns'}}}
            small:save(folder .. '/out')
            local x = tessera.tensor{shape = {1, 1, 8, 8}, random = 1}
            local again = tessera.network(folder .. '/out/network.yaml')
            local first = seen[1]
            return report.layers[1].layout, other.layers[1].layout, other.layers[2].layout, small:run(x) == usual:run(x),
              again:run(x) == usual:run(x), mixed:run(x) == usual:run(x),
              string.format('%d %d %d %d %d %d', first.matrices, first.outputs, first.inputs, first.kernel_height,
                first.kernel_width, first.count)
            """)
        let expected: [ScriptValue] = ["columns", "image", "columns", true, true, true, "1 8 1 3 3 72"]
        #expect(results.values == expected)
    }

    @Test(
        "What a layout returns is checked",
        arguments: [
            ("nil", "expected a table of width, height, frames and places as the result, got nothing"),
            ("{height = 1, frames = 1, places = {1}}", "'width': expected an integer, got nothing"),
            ("{width = 1, height = 1, frames = 1}", "'places': expected a list, got nothing"),
            (
                "{width = 1, height = 1, frames = 1, places = {1, [3] = 2}}",
                "places: expected elements 1, 2, 3, … or names in a table"
            ),
            ("{width = 1, height = 1, frames = 1, places = {1, 'a'}}", "place 2: expected an integer, got a string"),
            (
                "{width = 2, height = 2, frames = 1, places = {1}}",
                "expected places of 4 samples, 1 frames of 2x2, found 1"
            ),
            ("{width = 1, height = 1, frames = 1, places = {0}}", "expected places from 1 to 72, found 0 for sample 1"),
            (
                "{width = 1, height = 1, frames = 1, places = {1}}",
                "expected a sample for every weight, found none for that at place 2"
            ),
        ])
    func broken(result: String, message: String) async throws {
        let folder = try NetworkFolder()
        try folder.write("toy.yaml", network)
        let error = await folder.failure(
            """
            tessera.register.weight_layout('broken', function() return \(result) end)
            tessera.network(folder .. '/toy.yaml'):compress{codec = 'png', layout = 'broken'}
            """)
        let text = "\(try #require(error))"
        #expect(text.contains(message), "\(text)")
        #expect(text.contains("a.weight: weight layout 'broken'"), "\(text)")
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
              why{codec = 'png', quality = 3}:find('quality', 1, true) ~= nil,
              why{layout = 'blokcs'}:find("did you mean 'blocks'", 1, true) ~= nil,
              why{layout = {layout = 'blocks', block = {1, 2, 3}}}:find('2 or 4 sizes', 1, true) ~= nil
            """)
        let expected: [ScriptValue] = [true, true, true, true, true, true, true]
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
