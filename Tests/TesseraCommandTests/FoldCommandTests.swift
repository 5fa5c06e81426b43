import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct FoldCommandTests {
    private let folder: TemporaryFolder
    private let network: String

    init() throws {
        folder = try TemporaryFolder()
        let one = try Tensor([1, 1], shape: [2])
        try SafetensorsFile.write(
            [
                "conv.weight": Tensor([2, 3], shape: [2, 1, 1, 1]), "bn.weight": one, "bn.bias": one,
                "bn.running_mean": one, "bn.running_var": Tensor([4, 1e5], shape: [2]),
                "last.weight": Tensor([1, 1], shape: [1, 2, 1, 1]), "last.bias": Tensor([0], shape: [1]),
            ], to: folder.file("w.safetensors"))
        network = try folder.write(
            """
            tessera: 1
            inputs: {photo: {shape: [1, 1, height, width], mean: 128, scale: 1}}
            weights: w.safetensors
            layers:
              - conv: {name: conv, channels: 2, kernel: 1, bias: false}
              - batch_norm: {name: bn, epsilon: 0}
              - relu: {name: relu}
              - conv: {name: last, channels: 1, kernel: 1}
            outputs: {last: {mean: 1, deviation: 0.5}}
            """, to: "n.yaml")
    }

    private func input(_ value: Float = 4) throws -> String {
        let path = folder.file("x\(value).npy")
        try NpyFile.write(Tensor([value, 1, 2, 3, 4, 5], shape: [1, 1, 2, 3]), to: path)
        return path
    }

    private func answer(_ arguments: String...) throws -> [Float] {
        let output = folder.file("y.npy")
        let run = try Command(["run"] + arguments + ["--input", input(), "--output", output])
        #expect(run.status == 0, "\(run.errors)")
        return try NpyFile.read(output).floats()
    }

    @Test("a folded network answers as the one it was made of, with its declarations, and nothing is replaced unasked")
    func fold() throws {
        let fold = try Command("fold", network, "-o", folder.file("out"))
        #expect(fold.status == 0, "\(fold.errors)")
        #expect(fold.output.contains("conv"))
        #expect(fold.output.contains("the variance above binary16's 65504"), "\(fold.output)")
        #expect(fold.output.contains("layers: 4 before, 3 after"), "\(fold.output)")
        let written = folder.file("out/network.yaml")
        let text = try String(contentsOfFile: written, encoding: .utf8)
        for line in [
            "height, width", "mean: [128]", "deviation: [0.5]", "- conv: {name: conv, channels: 2, kernel: 1}",
        ] {
            #expect(text.contains(line), "\(line) in \(text)")
        }
        #expect(!text.contains("batch_norm"))
        let expected = try answer(network, "--no-fold")
        #expect(expected[0] == 1 + (2 * 4 - 1) / 2 + 1 + (3 * 4 - 1) / Float(1e5).squareRoot())
        // What runs as it is written folds when it runs.
        #expect(try answer(written) == answer(network))
        #expect(try answer(written, "--no-fold") == answer(network))
        #expect(try zip(answer(network), expected).allSatisfy { abs($0 - $1) <= 1e-5 })

        let again = try Command("fold", network, "-o", folder.file("out"))
        #expect(again.status == 1 && again.errors.contains("--force"), "\(again.errors)")
        let json = try Command(
            "fold", network, "-o", folder.file("out"), "--force", "--json", "--shape", "photo=1x1x2x3")
        #expect(json.status == 0, "\(json.errors)")
        let report = try json.json()
        let layer = try #require((report["layers"] as? [[String: Any]])?.first)
        #expect(layer["name"] as? String == "conv" && layer["merged"] as? [String] == ["bn"])
        #expect(layer["largest_variance"] as? Double == 1e5 && layer["variance_exceeds_binary16"] as? Bool == true)
        #expect((report["before"] as? [String: Int]) == ["layers": 4, "operations": 24 + 24 + 12 + 24])
        #expect((report["after"] as? [String: Int]) == ["layers": 3, "operations": 24 + 12 + 24])
        #expect(report["weight_bytes"] as? Int ?? 0 > 28)
    }

    @Test("a network with nothing to fold is written as it is, and an ONNX model folds, too")
    func others() throws {
        let plain = try Command("fold", TestFiles.network("lenet5"), "-o", folder.file("plain"))
        #expect(plain.status == 0 && plain.output.contains("nothing to fold"), "\(plain.output)\(plain.errors)")
        #expect(try Command("inspect", folder.file("plain/network.yaml")).status == 0)
        let model = folder.file("m.onnx")
        #expect(try Command("export", network, "-o", model).status == 0)
        let fold = try Command("fold", model, "-o", folder.file("onnx"))
        #expect(fold.status == 0 && fold.output.contains("layers: 4 before, 3 after"), "\(fold.output)\(fold.errors)")
        #expect(try answer(folder.file("onnx/network.yaml")) == answer(model))
        // Weights that are drawn are written out.
        let random = try Command("fold", TestFiles.network("resnet20"), "-o", folder.file("random"))
        #expect(random.status == 0 && random.output.contains("layers: 73 before, 54 after"), "\(random.errors)")
        #expect(FileManager.default.fileExists(atPath: folder.file("random/weights.safetensors")))
    }

    @Test("weights that are missing or NaN, and a folder that is a file, are one error each, and nothing is written")
    func errors() throws {
        let one = try Tensor([1, 1], shape: [2])
        var weights = try [
            "conv.weight": Tensor([2, .nan], shape: [2, 1, 1, 1]), "bn.weight": one, "bn.bias": one,
            "bn.running_mean": one, "bn.running_var": one, "last.weight": Tensor([1, 1], shape: [1, 2, 1, 1]),
            "last.bias": Tensor([0], shape: [1]),
        ]
        try SafetensorsFile.write(weights, to: folder.file("nan.safetensors"))
        weights["conv.weight"] = try Tensor([2, 3], shape: [2, 1, 1, 1])
        weights["last.bias"] = nil
        try SafetensorsFile.write(weights, to: folder.file("missing.safetensors"))
        for (file, message) in [("nan", "NaN"), ("missing", "last.bias"), ("none", "none.safetensors")] {
            let fold = try Command(
                "fold", network, "-o", folder.file("bad"), "--weights", folder.file(file + ".safetensors"))
            #expect(fold.status == 1 && fold.errors.contains(message), "\(fold.errors)")
            #expect(fold.errors.split(separator: "\n").count == 1, "\(fold.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("bad")))
        }
        let fold = try Command("fold", network, "-o", network)
        #expect(fold.status == 1 && fold.errors.contains("is no folder"), "\(fold.errors)")
        #expect(try Command("fold", network).status == 64)
    }

    @Test(
        "a deployment folds as one node does, at a layer by the name that it had, and leaves a network as it is if asked to"
    )
    func deploy() throws {
        let file = try folder.write(
            "{tessera: 1, network: n.yaml, partition: {strategy: fused-grid, cut_after: [bn]}}", to: "d.yaml")
        for extra in [[], ["--no-fold"]] {
            let output = folder.file("deployed.npy")
            let deploy = try Command(
                ["deploy", file, "--local", "2", "--input", input(), "--output", output, "--verify", "--json"] + extra)
            #expect(deploy.status == 0, "\(deploy.errors)")
            #expect(try deploy.json()["identical"] as? Bool == true)
            let single = try extra.isEmpty ? answer(network) : answer(network, "--no-fold")
            #expect(try NpyFile.read(output).floats() == single)
        }
        let plan = try Command("deploy", file, "--local", "2", "--up-to", "bn", "--input", input())
        #expect(plan.status == 0, "\(plan.errors)")
    }

    @Test("ranges names the layer that overflows, the largest first, and the arguments that keep it in f32")
    func ranges() throws {
        let check = try Command("ranges", network, "--no-fold", "--input", input(4e4))
        #expect(check.status == 0, "\(check.errors)")
        let lines = check.output.split(separator: "\n").map(String.init)
        #expect(lines[2].hasPrefix("conv ") && lines[2].hasSuffix("overflow"), "\(check.output)")
        #expect(lines[3].hasPrefix("bn ") && lines[3].hasSuffix("overflow"), "\(check.output)")
        #expect(
            lines.last
                == "--precision f16 --layer-precision conv=f32 --layer-precision bn=f32 --layer-precision relu=f32 --layer-precision last=f32",
            "\(check.output)")

        let calibration = try TemporaryFolder()
        for value in [1, 2, 3] as [Float] {
            try NpyFile.write(Tensor([value], shape: [1, 1, 1, 1]), to: calibration.file("\(value).npy"))
        }
        let json = try Command("ranges", network, "--calibrate", calibration.path, "--json")
        #expect(json.status == 0, "\(json.errors)")
        let report = try json.json()
        #expect(report["inferences"] as? Int == 3 && report["overflow"] as? [String] == [])
        #expect(report["arguments"] as? [String] == ["--precision", "f16"])
        let layers = try #require(report["layers"] as? [[String: Any]])
        #expect(layers.map { $0["name"] as? String } == ["conv", "relu", "last"])
        #expect(layers[0]["largest_activation"] as? Double == 3.5)
    }

    @Test("ranges without inputs is wrong usage; a folder that is missing or empty is one error")
    func rangeErrors() throws {
        #expect(try Command("ranges", network).status == 64)
        #expect(try Command("ranges", network, "--input", input(), "--headroom", "0").status == 64)
        for (path, message) in [(folder.file("nowhere"), "nowhere"), (try TemporaryFolder().path, "cannot read")] {
            let ranges = try Command("ranges", network, "--calibrate", path)
            #expect(ranges.status == 1 && ranges.errors.contains(message), "\(ranges.errors)")
            #expect(ranges.errors.split(separator: "\n").count == 1, "\(ranges.errors)")
        }
    }
}
