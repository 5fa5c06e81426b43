import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// `tessera compress` and `decompress`, as a user runs them.
@Suite struct CompressCommandTests {
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
        try NpyFile.write(Tensor([Float](repeating: 0.5, count: 192), shape: [1, 3, 8, 8]), to: folder.file("x.npy"))
    }

    private func compress(_ arguments: String...) throws -> Command {
        try Command(["compress", network, "-o", folder.file("out"), "--force"] + arguments)
    }

    private func output(_ arguments: String...) throws -> Tensor {
        let run = try Command(
            ["run"] + arguments + ["--input", folder.file("x.npy"), "--output", folder.file("y.npy")])
        #expect(run.status == 0, "\(run.errors)")
        return try NpyFile.read(folder.file("y.npy"))
    }

    @Test("a compressed network runs everywhere with one answer, and decompresses to the same weights")
    func compress() throws {
        let command = try compress("--codec", "hevc", "--block", "8x8", "--show", folder.file("pictures"), "--json")
        #expect(command.status == 0, "\(command.errors)")
        let report = try command.json()
        let layers = try #require(report["layers"] as? [[String: Any]])
        #expect(layers.map { $0["name"] as? String } == ["stem.weight", "body.weight", "scores.weight"])
        #expect(layers.allSatisfy { $0["codec"] as? String == "hevc" && $0["bits"] as? Int == 8 })
        let file = folder.file("out/weights.tcw")
        #expect(report["file_bytes"] as? Int == fileByteCount(file))
        // 16 · 3 · 9 + 24 · 16 · 9 + 4 · 24 weights, and 4 · 16 + 24 + 4 others.
        #expect(report["f32_bytes"] as? Int == 4 * (432 + 3456 + 96 + 64 + 24 + 4))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.file("pictures")).sorted()
                == ["body.weight.png", "scores.weight.png", "stem.weight.png"])
        let picture = try Picture(path: folder.file("pictures/body.weight.png"))
        #expect(picture.width == 16 * 3 && picture.height == 24 * 3 && picture.channels == 1)

        let compressed = folder.file("out/network.yaml")
        let answer = try output(compressed)
        #expect(try output(network, "--weights", file) == answer)
        #expect(try output(network) != answer)
        #expect(try Command("decompress", compressed, "-o", folder.file("plain")).status == 0)
        #expect(try output(folder.file("plain/network.yaml")) == answer)
        #expect(try Command("decompress", file, "-o", folder.file("w.safetensors")).status == 0)
        #expect(try output(network, "--weights", folder.file("w.safetensors")) == answer)
        let list = try Command("decompress", file)
        #expect(list.status == 0 && list.output.contains("body.weight") && list.output.contains("hevc"))

        let deploy = try folder.write(
            "{tessera: 1, network: out/network.yaml, partition: {strategy: strips}}", to: "d.yaml")
        let deployment = try Command(
            "deploy", deploy, "--local", "3", "--input", folder.file("x.npy"), "--output", folder.file("z.npy"),
            "--verify")
        #expect(deployment.status == 0, "\(deployment.errors)")
        #expect(try NpyFile.read(folder.file("z.npy")) == answer)
        for arguments in [["fold", compressed, "-o", folder.file("folded")], ["inspect", compressed]] {
            #expect(try Command(arguments).status == 0)
        }
    }

    @Test("'auto' takes the smallest lossless codec, and a file's settings go before its defaults")
    func settings() throws {
        let config = try folder.write(
            "{tessera: 1, codec: zstd, bits: 16, layers: {body.weight: {codec: {codec: jpegxl, quality: 50}}}}",
            to: "c.yaml")
        let zstd = try compress("--config", config, "--json").json()
        let layers = try #require(zstd["layers"] as? [[String: Any]])
        #expect(layers.map { $0["codec"] as? String } == ["zstd", "jpegxl", "zstd"])
        #expect(layers.map { $0["bits"] as? Int } == [16, 8, 16])
        let auto = try #require(try compress("--json").json()["layers"] as? [[String: Any]])
        for name in ["context", "xz", "png", "webp", "flac"] {
            let own = try #require(try compress("--codec", name, "--json").json()["layers"] as? [[String: Any]])
            for (best, layer) in zip(auto, own) {
                #expect(try #require(best["bytes"] as? Int) <= #require(layer["bytes"] as? Int), "\(name)")
            }
        }
    }

    @Test("a file has no more bytes than its target, and the more it may have, the nearer the outputs are")
    func targets() throws {
        var generator = SeededGenerator(seed: 9)
        let samples = folder.file("samples.safetensors")
        try SafetensorsFile.write(["photo": .random([16, 3, 8, 8], using: &generator)], to: samples)
        let exact = try output(network).floats()
        var errors: [Float] = []
        for target in [2600, 3600, 5200] {
            let command = try compress("--target-bytes", String(target), "--samples", samples, "--json")
            #expect(command.status == 0, "\(command.errors)")
            let bytes = try #require(try command.json()["file_bytes"] as? Int)
            #expect(bytes <= target && bytes > target * 3 / 4, "\(bytes) of \(target)")
            let found = try output(folder.file("out/network.yaml")).floats()
            errors.append(zip(found, exact).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) })
        }
        #expect(errors[0] > errors[2], "\(errors)")
        let small = try compress("--target-bytes", "400")
        #expect(small.status == 1 && small.errors.contains("more than the target"), "\(small.errors)")
        let lonely = try compress("--target-accuracy-drop", "1")
        #expect(lonely.status == 1 && lonely.errors.contains("'evaluate'"), "\(lonely.errors)")
    }

    @Test("quantized networks are kept as they are")
    func quantized() throws {
        var generator = SeededGenerator(seed: 3)
        let samples = folder.file("samples.safetensors")
        try SafetensorsFile.write(["photo": .random([8, 3, 8, 8], using: &generator)], to: samples)
        for bits in ["4,8", "8,8"] {
            let quantized = folder.file("q\(bits)")
            #expect(
                try Command("quantize", network, "--calibrate", samples, "--bits", bits, "-o", quantized).status == 0)
            let file = quantized + "/network.yaml"
            let command = try Command("compress", file, "-o", folder.file("c\(bits)"), "--codec", "context", "--json")
            #expect(command.status == 0, "\(command.errors)")
            #expect(try output(folder.file("c\(bits)/network.yaml")) == output(file))
            // Rows of 27 weights of 4 bits are filled up to 14 bytes, which do not count.
            let sized = try Command(
                "compress", file, "-o", folder.file("s\(bits)"), "--codec", "zstd", "--shape", "photo=1x3x8x8", "--json"
            )
            let layers = try #require(try sized.json()["layers"] as? [[String: Any]])
            #expect(layers.map { $0["weights"] as? Int } == [16 * 27, 24 * 144, 4 * 24])
            let lossy = try Command("compress", file, "-o", folder.file("l"), "--codec", "hevc", "--quality", "80")
            #expect(lossy.status == 1 && lossy.errors.contains("stem.weight") && lossy.errors.contains("lossless"))
        }
    }

    @Test(
        "a model that computes shapes comes back as it was",
        .enabled(if: TestFiles.data != nil, "TESSERA_TEST_DATA names no folder of real models"))
    func shapeArithmetic() throws {
        let (model, values) = (
            try TestFiles.data("models/ultraface_rfb320.onnx"),
            try TestFiles.data("expected/ultraface_rfb320.safetensors")
        )
        let command = try Command(
            "compress", model, "-o", folder.file("faces"), "--codec", "zstd", "--bits", "16")
        #expect(command.status == 0, "\(command.errors)")
        let result = folder.file("faces.safetensors")
        let run = try Command(
            "run", folder.file("faces/network.yaml"), "--input", "input=\(values)#input", "--output", result)
        #expect(run.status == 0, "\(run.errors)")
        let (found, expected) = (try SafetensorsFile(path: result), try SafetensorsFile(path: values))
        // Weights of 16 bits miss by 2^-17 of a layer's range at most.
        for output in ["scores", "boxes"] {
            let pairs = zip(try found.tensor(output).reals(), try expected.tensor(output).reals())
            #expect(pairs.allSatisfy { abs($0 - $1) < 1e-2 }, "\(output)")
        }
    }

    @Test("what cannot be compressed is refused with what was expected")
    func errors() throws {
        func failure(_ arguments: [String], _ parts: String...) throws {
            let command = try Command(arguments)
            #expect(command.status == 1, "\(arguments)")
            for part in parts { #expect(command.errors.contains(part), "\(command.errors)") }
        }
        let base = ["compress", network, "-o", folder.file("e")]
        try failure(base + ["--codec", "pgn"], "did you mean 'png'?")
        try failure(base + ["--codec", "png", "--bits", "17"], "1 to 16", "17")
        try failure(base + ["--codec", "png", "--quality", "50"], "quality")
        try failure(base + ["--quality", "50"], "--codec")
        try failure(base + ["--codec", "hevc", "--block", "8"], "'block'", "2 or 4")
        try failure(base + ["--codec", "xz", "--step", "0.1", "--dead-zone", "0.6"], "'dead_zone'", "0.6")
        try failure(base + ["--codec", "xz", "--dependent"], "'dependent' needs a 'step'")
        try failure(
            base + ["--codec", "xz", "--dependent", "--step", "0.5", "--dead-zone", "0.1"], "without 'dead_zone'")
        try failure(
            base + ["--codec", "jpeg", "--dependent", "--step", "0.5"], "expected a lossless codec with 'dependent'")
        try failure(base + ["--target-bytes", "9000", "--step", "0.1"], "'step' or a target")
        try failure(["decompress", network, "-o", folder.file("none")], "reads no weights from a file")
        #expect(!FileManager.default.fileExists(atPath: folder.file("none")))
        let config = try folder.write("{tessera: 1, layers: {bodi.weight: {bits: 4}}}", to: "c.yaml")
        try failure(base + ["--config", config], "layers", "did you mean 'body.weight'?")
        #expect(try compress("--codec", "xz").status == 0)
        try failure(["compress", network, "-o", folder.file("out")], "--force")
        let file = folder.file("out/weights.tcw")
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        try failure(["decompress", file, "-o", folder.file("w.safetensors")], "damaged")
    }
}
