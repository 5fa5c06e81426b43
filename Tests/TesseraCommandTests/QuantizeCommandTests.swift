import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// `tessera quantize`, as a user runs it.
@Suite struct QuantizeCommandTests {
    private let folder: TemporaryFolder
    private let network: String
    private let samples: String

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
        var generator = SeededGenerator(seed: 3)
        samples = folder.file("samples.safetensors")
        let labels = (0..<20).map { _ in Int64.random(in: 0..<4, using: &generator) }
        try SafetensorsFile.write(
            [
                "photo": .random([20, 3, 8, 8], using: &generator),
                "label": Tensor(integers: labels, shape: [20]),
            ], to: samples)
    }

    private func quantize(_ arguments: String...) throws -> Command {
        try Command(["quantize", network, "--calibrate", samples, "-o", folder.file("out"), "--force"] + arguments)
    }

    @Test("the network is written, runs everywhere with one answer, and the report says what it is")
    func quantize() throws {
        let json = try quantize(
            "--method", "percentile", "--option", "percentile=99.9", "--target", "avx2", "--evaluate", samples,
            "--sensitivity",
            "--encodings", folder.file("encodings.json"), "--json")
        #expect(json.status == 0, "\(json.errors)")
        let report = try json.json()
        let layers = try #require(report["layers"] as? [[String: Any]])
        #expect(layers.map { $0["name"] as? String } == ["stem", "body", "scores"])
        #expect(layers.allSatisfy { $0["weight_bits"] as? Int == 7 && ($0["output_sqnr_db"] as? Double ?? 0) > 15 })
        #expect(report["samples"] as? Int == 20 && (report["output_sqnr_db"] as? Double ?? 0) > 15)
        #expect(report["accuracy_before"] is Double && report["accuracy_after"] is Double)
        let encodings = try #require(
            try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: folder.file("encodings.json"))))
                as? [String: Any])
        let weights = try #require((encodings["param_encodings"] as? [String: Any])?["body.weight"] as? [Any])
        #expect(weights.count == 24)

        let file = folder.file("out/network.yaml")
        try NpyFile.write(Tensor([Float](repeating: 0.5, count: 192), shape: [1, 3, 8, 8]), to: folder.file("x.npy"))
        func output(_ network: String, _ arguments: String...) throws -> Tensor {
            let run = try Command(
                ["run", network, "--input", folder.file("x.npy"), "--output", folder.file("y.npy")] + arguments)
            #expect(run.status == 0, "\(run.errors)")
            return try NpyFile.read(folder.file("y.npy"))
        }
        let alone = try output(file)
        #expect(try output(file, "--threads", "1") == alone)
        let deploy = try folder.write(
            "{tessera: 1, network: out/network.yaml, partition: {strategy: strips}}", to: "d.yaml")
        let deployment = try Command(
            "deploy", deploy, "--local", "4", "--input", folder.file("x.npy"), "--output", folder.file("z.npy"),
            "--verify")
        #expect(
            deployment.status == 0 && deployment.output.contains("to the bit"),
            "\(deployment.output)\(deployment.errors)")
        #expect(try NpyFile.read(folder.file("z.npy")) == alone)
        for arguments in [["inspect", file], ["bench", file, "--seconds", "0"], ["plan", file, "--nodes", "2"]] {
            let command = try Command(arguments)
            #expect(command.status == 0, "\(arguments): \(command.errors)")
        }
        // As ONNX and back, biases are rounded to integers; nothing else changes.
        let model = folder.file("m.onnx")
        #expect(try Command("export", file, "-o", model).status == 0)
        #expect(try relativeDifference(output(model), alone) < 1e-2)
    }

    @Test("a file says how, and the command line goes before it")
    func files() throws {
        let config = try folder.write(
            "{tessera: 1, method: mse, weight_bits: 4, keep: [scores], samples: samples.safetensors}", to: "q.yaml")
        let json = try Command(
            "quantize", network, "--config", config, "-o", folder.file("out"), "--bits", "2,8", "--json")
        #expect(json.status == 0, "\(json.errors)")
        let layers = try #require(json.json()["layers"] as? [[String: Any]])
        #expect(layers.map { $0["weight_bits"] as? Int } == [2, 2, 32])
        let table = try Command("quantize", network, "--config", config, "-o", folder.file("other"))
        for part in ["stem", "4, 8", "f32", "mse", "SQNR", "network.yaml"] {
            #expect(table.output.contains(part), "\(part) in \(table.output)")
        }
    }

    @Test("int8 is a precision of one run, too")
    func onTheFly() throws {
        let bench = try Command("bench", network, "--precision", "int8", "--seconds", "0", "--json")
        let median = try bench.json()["median_ms"] as? Double ?? 0
        #expect(bench.status == 0 && median > 0, "\(bench.errors)")
        try NpyFile.write(Tensor([Float](repeating: 0.5, count: 192), shape: [1, 3, 8, 8]), to: folder.file("x.npy"))
        for precision in ["f32", "int8"] {
            let run = try Command(
                "run", network, "--precision", precision, "--input", folder.file("x.npy"), "--output",
                folder.file("\(precision).npy"))
            #expect(run.status == 0, "\(run.errors)")
        }
        let difference = try relativeDifference(
            NpyFile.read(folder.file("int8.npy")), NpyFile.read(folder.file("f32.npy")))
        #expect(difference > 0 && difference < 0.05, "\(difference)")
    }

    @Test("a network whose batch is fixed takes as many samples at once, and needs that many")
    func fixedBatch() throws {
        let fixed = try folder.write(
            String(contentsOfFile: network, encoding: .utf8).replacingOccurrences(of: "[batch, 3", with: "[8, 3"),
            to: "fixed.yaml")
        let json = try Command(
            "quantize", fixed, "--calibrate", samples, "--evaluate", samples, "-o", folder.file("out"), "--json")
        #expect(json.status == 0, "\(json.errors)")
        #expect(try json.json()["samples"] as? Int == 16)
        let few = try Command(
            "quantize", fixed, "--calibrate", samples, "--count", "7", "-o", folder.file("e"))
        #expect(few.status == 1 && few.errors.contains("at least 8 samples"), "\(few.errors)")
    }

    @Test func errors() throws {
        for (arguments, message) in [
            (["--method", "minmux"], "did you mean 'minmax'"), (["--bits", "8"], "W,A"), (["--bits", "9,8"], "2 to 8"),
            (["--keep", "stam"], "did you mean 'stem'"), (["--rounding", "up"], "nearest"),
        ] {
            let command = try Command(
                ["quantize", network, "--calibrate", samples, "-o", folder.file("e")] + arguments)
            #expect(command.status == 1 && command.errors.contains(message), "\(arguments): \(command.errors)")
        }
        // Weights that are no finite numbers, targets that are no classes, classes that there are not.
        let weights = try Tensor([Float](repeating: .infinity, count: 432), shape: [16, 3, 3, 3])
        try SafetensorsFile.write(["stem.weight": weights], to: folder.file("w.safetensors"))
        let photos = try Tensor([Float](repeating: 0.5, count: 2 * 192), shape: [2, 3, 8, 8])
        let (values, classes) = (
            try Tensor([Float](repeating: 1, count: 8), shape: [2, 4]), try Tensor(integers: [0, 4], shape: [2])
        )
        try SafetensorsFile.write(["photo": photos, "target": values], to: folder.file("values.safetensors"))
        try SafetensorsFile.write(["photo": photos, "label": classes], to: folder.file("classes.safetensors"))
        for (arguments, message) in [
            (["--weights", folder.file("w.safetensors")], "stem.weight"),
            (["--evaluate", folder.file("values.safetensors")], "a class for each sample"),
            (["--evaluate", folder.file("classes.safetensors")], "classes from 0 to 3, found 4"),
        ] {
            let command = try Command(
                ["quantize", network, "--calibrate", samples, "-o", folder.file("e")] + arguments)
            #expect(command.status == 1 && command.errors.contains(message), "\(arguments): \(command.errors)")
        }
        let deployment = try folder.write("{tessera: 1, network: n.yaml}", to: "int8.yaml")
        let deploy = try Command("deploy", deployment, "--local", "1", "--precision", "int8")
        #expect(deploy.status == 1 && deploy.errors.contains("'tessera quantize' first"), "\(deploy.errors)")
        let odd = try folder.write(
            "{tessera: 1, inputs: {x: {shape: [1, 4]}}, layers: [quantize: {scale: 0.1, zero_point: 300}], outputs: [quantize1]}",
            to: "odd.yaml")
        let inspect = try Command("inspect", odd)
        #expect(
            inspect.status == 1 && inspect.errors.contains("'zero_point' from 0 to 255, as u8 has them, found 300"),
            "\(inspect.errors)")

        let none = try Command("quantize", network, "-o", folder.file("e"))
        #expect(none.status == 1 && none.errors.contains("samples to calibrate with"), "\(none.errors)")
    }
}
