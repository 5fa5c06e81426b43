import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// `tessera prune`, as a user runs it.
@Suite struct PruneCommandTests {
    private let folder: TemporaryFolder
    private let network: String

    init() throws {
        folder = try TemporaryFolder()
        network = try folder.write(
            """
            tessera: 1
            name: toy
            inputs: {photo: {shape: [batch, 3, 8, 8]}}
            weights: {random: 5}
            layers:
              - conv: {name: stem, channels: 16, kernel: 3, padding: same, bias: false}
              - batch_norm: {name: bn}
              - relu
              - conv: {name: body, channels: 24, kernel: 3, padding: same}
              - relu
              - global_average_pool
              - flatten
              - linear: {name: scores, features: 4}
            outputs: [scores]
            """, to: "n.yaml")
    }

    private func prune(_ arguments: String...) throws -> Command {
        try Command(["prune", network, "-o", folder.file("out"), "--force"] + arguments)
    }

    @Test("the smaller network runs, is what the report says, and nothing is replaced unasked")
    func prune() throws {
        let table = try Command(
            "prune", network, "-o", folder.file("out"), "--metric", "l1", "--amount", "ratio=0.5", "--svg",
            folder.file("curves.svg"), "--csv", folder.file("curves.csv"))
        #expect(table.status == 0, "\(table.errors)")
        for part in ["stem", "16     8", "24    12", "scores keeps its 4 channels", "MACs", "latency", "network.yaml"] {
            #expect(table.output.contains(part), "\(part) in \(table.output)")
        }
        let svg = try String(contentsOfFile: folder.file("curves.svg"), encoding: .utf8)
        #expect(svg.contains("stem") && svg.contains("16 → 8") && svg.contains("cut"))
        let csv = try String(contentsOfFile: folder.file("curves.csv"), encoding: .utf8).split(separator: "\n")
        #expect(csv.count == 1 + 16 + 24 && csv.filter { $0.hasSuffix(",1") }.count == 8 + 12)

        let inspect = try Command("inspect", folder.file("out/network.yaml"), "--json").json()
        // 8 · 3 · 9, 4 · 8, 12 · 8 · 9 + 12, 4 · 12 + 4.
        #expect(inspect["parameters"] as? Int == 216 + 32 + 876 + 52)
        let again = try Command("prune", network, "-o", folder.file("out"))
        #expect(again.status == 1 && again.errors.contains("--force"), "\(again.errors)")

        let json = try prune("--metric", "l1", "--amount", "ratio=0.5", "--json", "--no-latency")
        #expect(json.status == 0, "\(json.errors)")
        let report = try json.json()
        let after = try #require(report["after"] as? [String: Any])
        #expect(after["parameters"] as? Int == 1176 && after["latency_ms"] == nil)
        let layers = try #require(report["layers"] as? [[String: Any]])
        #expect(layers.map { $0["channels_after"] as? Int } == [8, 12])

        try NpyFile.write(Tensor([Float](repeating: 0.5, count: 192), shape: [1, 3, 8, 8]), to: folder.file("x.npy"))
        let run = try Command(
            "run", folder.file("out/network.yaml"), "--input", folder.file("x.npy"), "--output", folder.file("y.npy"))
        #expect(run.status == 0, "\(run.errors)")
        let model = folder.file("m.onnx")
        #expect(try Command("export", folder.file("out/network.yaml"), "-o", model).status == 0)
        let deploy = try folder.write("{tessera: 1, network: out/network.yaml}", to: "d.yaml")
        let deployed = try Command(
            "deploy", deploy, "--local", "2", "--input", folder.file("x.npy"), "--output", folder.file("z.npy"),
            "--verify")
        #expect(deployed.status == 0, "\(deployed.errors)")
    }

    @Test("every metric and rule works on labelled samples, from a file and from a folder of classes")
    func samples() throws {
        var generator = SeededGenerator(seed: 3)
        try SafetensorsFile.write(
            [
                "photo": .random([8, 3, 8, 8], using: &generator),
                "label": Tensor(integers: [0, 1, 2, 3, 0, 1, 2, 3], shape: [8]),
            ], to: folder.file("s.safetensors"))
        for (metric, amount) in [
            ("l2", ["steepness"]), ("fpgm", ["global-ratio=0.4"]), ("random", ["ratio=0.25"]),
            ("loss", ["target-macs=1.5"]), ("taylor", ["ratio=0.25"]),
            // Measured, so that no less would do on a busy machine.
            ("l1", ["target-latency", "--option", "milliseconds=1000"]),
        ] {
            let run = try Command(
                ["prune", network, "-o", folder.file("out"), "--force", "--metric", metric, "--amount"] + amount
                    + ["--samples", folder.file("s.safetensors"), "--json"])
            #expect(run.status == 0, "\(metric) \(amount): \(run.errors)")
            let after = try #require(run.json()["after"] as? [String: Any])
            #expect(after["loss"] is Double && after["accuracy"] is Double, "\(after)")
        }
        for name in ["cat", "dog", "horse", "ship"] {
            try FileManager.default.createDirectory(
                atPath: folder.file("classes/\(name)"), withIntermediateDirectories: true)
            let pixels = (0..<192).map { UInt8($0) &+ UInt8(name.count) }
            let picture = try Picture(width: 8, height: 8, channels: 3, pixels: pixels)
            try picture.write(to: folder.file("classes/\(name)/0.png"))
        }
        let run = try prune("--metric", "loss", "--samples", folder.file("classes"), "--sample-count", "3", "--json")
        #expect(run.status == 0, "\(run.errors)")
        // A part of a compressed archive gives the same samples as the folder.
        let archive = Process()
        archive.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        archive.arguments = ["tar", "-C", folder.path, "-czf", folder.file("pictures.tar.gz"), "classes"]
        try archive.run()
        archive.waitUntilExit()
        let config = try folder.write(
            "{tessera: 1, metric: loss, samples: {path: pictures.tar.gz, part: classes, count: 3}}", to: "part.yaml")
        let packed = try prune("--config", config, "--json")
        #expect(packed.status == 0, "\(packed.errors)")
        let losses = try [run, packed].map { try ($0.json()["before"] as? [String: Any])?["loss"] as? Double }
        #expect(losses[0] != nil && losses[0] == losses[1], "\(losses)")
        let absent = try folder.write(
            "{tessera: 1, samples: {path: pictures.tar.gz, part: train}}", to: "absent.yaml")
        let refused = try prune("--config", absent)
        #expect(
            refused.status == 1 && refused.errors.contains("pictures.tar.gz': train has no pictures"),
            "\(refused.errors)")
    }

    @Test("a file says the same as the options, and options go before it")
    func file() throws {
        let file = try folder.write(
            "{tessera: 1, metric: {metric: random, seed: 4}, amount: {rule: global-ratio, ratio: 0.5}, round_to: 8, keep: [stem]}",
            to: "p.yaml")
        let report = try prune("--config", file, "--json", "--no-latency").json()
        let layers = try #require(report["layers"] as? [[String: Any]])
        #expect(layers.map { $0["name"] as? String } == ["body"] && layers[0]["channels_after"] as? Int == 16)
        #expect(report["metric"] as? String == "{metric: random, seed: 4}")
        let other = try prune(
            "--config", file, "--metric", "l1", "--amount", "ratio=0.75", "--option", "ratio=0.3", "--round-to", "1",
            "--json", "--no-latency"
        ).json()
        #expect((other["layers"] as? [[String: Any]])?.first?["channels_after"] as? Int == 17)
        #expect(other["metric"] as? String == "l1" && other["amount"] as? String == "{rule: ratio, ratio: 0.3}")
    }

    @Test("what is wrong is one error each, with the nearest name, and nothing is written")
    func errors() throws {
        let bare = try folder.write(
            "{tessera: 1, inputs: {x: {shape: [1, 1, 2, 2]}}, layers: [relu], outputs: [relu1]}", to: "bare.yaml")
        let weights = try Tensor([Float](repeating: .nan, count: 432), shape: [16, 3, 3, 3])
        try SafetensorsFile.write(["stem.weight": weights], to: folder.file("nan.safetensors"))
        for (arguments, message) in [
            ([network, "--metric", "l3"], "unknown saliency metric 'l3', did you mean 'l"),
            ([network, "--amount", "steepnes"], "did you mean 'steepness'?"),
            ([network, "--amount", "ratio=1"], "'ratio' from 0 to below 1, found 1.0"),
            ([network, "--amount", "ratio=.nan"], "'ratio' from 0 to below 1, found nan"),
            (
                [network, "--option", "shaer=0.2"],
                "'--option' sets up the amount rule 'steepness', unknown key 'shaer', did you mean 'share'?"
            ),
            (
                [network, "--metric", "random", "--option", "seed=3"],
                "unknown key 'seed'; the metric 'random' has it: '--metric-option seed=3'"
            ),
            ([network, "--metric", "loss"], "'loss' needs labelled samples"),
            ([network, "--keep", "stme"], "did you mean 'stem'?"),
            ([network, "--amount", "target-macs=1000"], "the target cannot be reached"),
            ([network, "--samples", folder.file("nowhere")], "there is no"),
            ([network, "--weights", folder.file("nan.safetensors")], "stem.weight"),
            ([bare], "there is nothing to prune"),
        ] {
            let run = try Command(["prune", "-o", folder.file("bad")] + arguments)
            #expect(run.status == 1 && run.errors.contains(message), "\(arguments): \(run.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("bad")), "\(arguments)")
        }
        let run = try Command("prune", network, "-o", "/proc/nowhere/out", "--no-latency")
        #expect(run.status == 1 && run.errors.contains("cannot make the folder '/proc/nowhere/out'"), "\(run.errors)")
        #expect(try Command("prune", network).status == 64)
    }
}
