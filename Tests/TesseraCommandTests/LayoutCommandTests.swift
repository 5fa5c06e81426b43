import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// `scripts/plugins/taps.lua` and other weight layouts, as a user has them.
@Suite struct LayoutCommandTests {
    private static let plugin = TestFiles.repository.appendingPathComponent("scripts/plugins/taps.lua").path

    private let folder: TemporaryFolder
    private let network: String

    init() throws {
        folder = try TemporaryFolder()
        network = try folder.write(
            """
            tessera: 1
            name: toy
            inputs: {photo: {shape: [1, 3, 8, 8]}}
            weights: {random: 5}
            layers:
              - conv: {name: stem, channels: 16, kernel: 3, padding: same}
              - relu
              - conv: {name: body, channels: 24, kernel: [3, 5]}
              - relu
              - global_average_pool
              - flatten
              - linear: {name: scores, features: 4}
            outputs: [scores]
            """, to: "n.yaml")
        try NpyFile.write(Tensor([Float](repeating: 0.5, count: 192), shape: [1, 3, 8, 8]), to: folder.file("x.npy"))
    }

    private func compress(_ network: String, to name: String, _ arguments: String...) throws -> [String: Any] {
        let command = try Command(["compress", network, "-o", folder.file(name), "--force", "--json"] + arguments)
        #expect(command.status == 0, "\(command.errors)")
        return try command.json()
    }

    private func layouts(_ report: [String: Any]) throws -> [String?] {
        try #require(report["layers"] as? [[String: Any]]).map { $0["layout"] as? String }
    }

    /// The weights of a compressed file, as `tessera decompress` writes them.
    private func weights(_ file: String, _ arguments: String...) throws -> [String: Tensor] {
        let target = folder.file("w.safetensors")
        let command = try Command(["decompress", file, "-o", target, "--force"] + arguments)
        #expect(command.status == 0, "\(command.errors)")
        let file = try SafetensorsFile(path: target)
        return try Dictionary(uniqueKeysWithValues: file.names.map { ($0, try file.tensor($0)) })
    }

    @Test("the sample gives the same weights back as the usual layout, by codecs of every kind, and runs")
    func sample() throws {
        let denoiser = TestFiles.network("denoiser")
        for codec in ["context", "png", "ffv1", "zstd"] {
            let usual = try compress(denoiser, to: "usual", "--codec", codec)
            let taps = try compress(
                denoiser, to: "taps", "--codec", codec, "--plugin", Self.plugin, "--layout", "taps")
            #expect(try layouts(taps).allSatisfy { $0 == "taps" })
            #expect(
                try weights(folder.file("taps/weights.tcw"), "--plugin", Self.plugin)
                    == weights(folder.file("usual/weights.tcw")))
            let rates = [usual, taps].compactMap { $0["weights_ratio"] as? Double }
            #expect(rates.count == 2)
            print(String(format: "denoiser by %@: %.3fx as usual, %.3fx by taps", codec, rates[0], rates[1]))
        }
        let picture = TestFiles.repository.appendingPathComponent("configs/pictures/landscape.png").path
        var outputs: [Data] = []
        for (name, arguments) in [("usual", []), ("taps", ["--plugin", Self.plugin])] {
            let output = folder.file("\(name).npy")
            let run = try Command(
                ["run", folder.file("\(name)/network.yaml"), "--input", picture, "--output", output] + arguments)
            #expect(run.status == 0, "\(run.errors)")
            outputs.append(try Data(contentsOf: URL(fileURLWithPath: output)))
        }
        #expect(outputs[0] == outputs[1])
    }

    @Test("the layout on the page about compression is one, and gives the weights back")
    func page() throws {
        let page = try String(
            contentsOf: TestFiles.repository.appendingPathComponent("docs/compression.md"), encoding: .utf8)
        let script = try #require(page.components(separatedBy: "```lua\n").dropFirst().first)
        let columns = try folder.write(script.components(separatedBy: "```")[0], to: "columns.lua")
        let report = try compress(network, to: "c", "--codec", "png", "--plugin", columns, "--layout", "columns")
        #expect(try layouts(report) == ["columns", "columns", "columns"])
        let found = try weights(folder.file("c/weights.tcw"), "--plugin", columns)
        #expect(try found == weights(compressedUsually()))
        #expect(try Command("plugins", "check", columns).status == 0)
    }

    @Test("the sample keeps the promises of layouts, and is listed with its option")
    func check() throws {
        let check = try Command("plugins", "check", Self.plugin, "--options", "{film: true}")
        #expect(check.status == 0, "\(check.output)")
        #expect(check.output.hasPrefix("layout 'taps'\n"))
        #expect(check.output.contains("  ok      numbers of 8 and 16 bits come back"))
        #expect(try Command("plugins", "check", "--module", "layout/image").status == 0)
        let list = try Command("plugins", "--plugin", Self.plugin)
        #expect(list.output.contains("weight layouts\n  blocks  (built in): "))
        #expect(
            list.output.contains("  taps  (\(Self.plugin)): a picture for each place in the kernel\n      film: ")
        )
    }

    @Test("without its plugin a layout is told of by its name and the layer's, wherever weights are read")
    func missing() throws {
        let report = try compress(
            network, to: "taps", "--codec", "zstd", "--plugin", Self.plugin, "--layout", "taps", "--layout-option",
            "film=true")
        #expect(try layouts(report) == ["taps", "taps", "taps"])
        let (yaml, file) = (folder.file("taps/network.yaml"), folder.file("taps/weights.tcw"))
        let input = ["--input", folder.file("x.npy"), "--output", folder.file("y.npy")]
        for arguments in [["decompress", file, "-o", folder.file("w.safetensors")], ["run", yaml] + input] {
            let command = try Command(arguments)
            #expect(command.status == 1)
            #expect(
                command.errors.contains("stem.weight: weight layout 'taps': expected a plugin"), "\(command.errors)")
            let found = try Command(
                arguments, environment: ["TESSERA_PLUGIN_PATH": (Self.plugin as NSString).deletingLastPathComponent])
            #expect(found.status == 0, "\(found.errors)")
        }
        // What is in the file is seen without.
        let list = try Command("decompress", file)
        #expect(list.status == 0 && list.output.contains("taps"), "\(list.errors)")
        let index = try Command("decompress", file, "--json").json()
        let layout = try #require((index["layers"] as? [[String: Any]])?.first?["layout"] as? [String: Any])
        let registered = try #require(layout["registered"] as? [String: Any])
        #expect(registered["name"] as? String == "taps")
        #expect((registered["options"] as? [String: Bool]) == ["film": true])
    }

    @Test("files have a key for layouts, also for single layers, and what the command line says goes before it")
    func files() throws {
        try FileManager.default.copyItem(atPath: Self.plugin, toPath: folder.file("taps.lua"))
        let config = try folder.write(
            """
            tessera: 1
            plugins: [taps.lua]
            codec: png
            layout: {layout: taps, film: true}
            layers:
              body.weight: {codec: ffv1, layout: blocks, block: [8, 4]}
              scores.weight: {codec: png}
            """, to: "c.yaml")
        #expect(try layouts(compress(network, to: "c", "--config", config)) == ["taps", "blocks", "image"])
        let index = try Command("decompress", folder.file("c/weights.tcw"), "--json").json()
        let blocks = try #require((index["layers"] as? [[String: Any]])?[1]["layout"] as? [String: [String: Any]])
        #expect(blocks["blocks"]?["_0"] as? [String: Int] == ["inputs": 8, "outputs": 4])
        #expect(
            try weights(folder.file("c/weights.tcw"), "--plugin", Self.plugin)["stem.weight"]
                == weights(compressedUsually())["stem.weight"])
        #expect(
            try layouts(compress(network, to: "c", "--config", config, "--layout", "sequence"))
                == ["sequence", "blocks", "image"])
        let sized = try compress(network, to: "c", "--codec", "zstd", "--layout", "blocks", "--block", "3x2x1x1")
        #expect(try layouts(sized) == ["blocks", "blocks", "blocks"])
        // A target tries many settings with the layout.
        let target = try compress(
            network, to: "t", "--plugin", Self.plugin, "--layout", "taps", "--target-bytes", "5000")
        #expect(try layouts(target) == ["taps", "taps", "taps"])
        #expect(try #require(target["file_bytes"] as? Int) <= 5000)
    }

    private func compressedUsually() throws -> String {
        _ = try compress(network, to: "u", "--codec", "png")
        return folder.file("u/weights.tcw")
    }

    @Test("what is no layout, and options that it does not have, are refused")
    func errors() throws {
        func failure(_ arguments: String..., expecting parts: String...) throws {
            let base = ["compress", network, "-o", folder.file("e"), "--codec", "png", "--plugin", Self.plugin]
            let command = try Command(base + arguments)
            #expect(command.status == 1)
            for part in parts { #expect(command.errors.contains(part), "\(command.errors)") }
        }
        try failure("--layout", "tabs", expecting: "unknown weight layout 'tabs'", "did you mean 'taps'?")
        try failure(
            "--layout", "taps", "--layout-option", "fil=true", expecting: "'taps' has no option 'fil'",
            "did you mean 'film'?")
        try failure("--layout-option", "film=true", expecting: "'--layout-option' is for a layout")
        try failure("--layout", "image", "--layout-option", "a=1", expecting: "unknown key 'a'")
        try failure("--layout", "blocks", "--block", "3", expecting: "'block' of 2 or 4 sizes")
        for (body, reason) in [
            ("return {width = 1, height = 1, frames = 1, places = {1}}", "expected a sample for every weight"),
            ("return {width = g.count, height = 1}", "'places': expected a list, got nothing"),
            ("error('it is odd')", "it is odd"),
        ] {
            let plugin = try folder.write(
                "tessera.register.weight_layout('part', function(g) \(body) end)", to: "part.lua")
            try failure(
                "--plugin", plugin, "--layout", "part", expecting: "stem.weight: weight layout 'part': ", reason)
        }
    }
}
