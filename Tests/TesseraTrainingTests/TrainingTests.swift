import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct TrainingTests {
    @Test("a network learns classes from a folder, and what is written is the network that was tested")
    func learns() throws {
        let toy = try ToyPictures()
        let config = try toy.config(epochs: 6)
        let training = try toy.training(config)
        var steps = 0
        try training.run { if case .step = $0 { steps += 1 } }
        #expect(steps == 6 * 6)
        let last = try #require(training.history.epochs.last)
        #expect(try #require(last.testAccuracy) >= 0.95)
        #expect(last.trainLoss < training.history.epochs[0].trainLoss)
        let written = try Modules.builtin.loader.load(toy.folder.file("out/network.yaml"))
        #expect(
            try written.weightsOfLayers(inputs: ["image": [8, 3, 8, 8]])["conv.weight"] == toy.weights()["conv.weight"])
        let csv = try String(contentsOfFile: toy.folder.file("out/curves.csv"), encoding: .utf8)
        #expect(csv.split(separator: "\n").count == 7)
        let svg = try String(contentsOfFile: toy.folder.file("out/curves.svg"), encoding: .utf8)
        #expect(svg.contains("<polyline") && svg.contains("toy"))
    }

    @Test("the same seed gives the same weights to the bit, another one does not")
    func deterministic() throws {
        let toy = try ToyPictures()
        for (name, seed) in [("a", 1), ("b", 1), ("c", 2)] {
            try toy.training(toy.config(output: name, extra: "seed: \(seed)")).run { _ in }
        }
        #expect(try toy.weights("a") == toy.weights("b"))
        #expect(try toy.weights("a") != toy.weights("c"))
    }

    private struct Interruption: Error {}

    @Test(
        "training that was interrupted ends with the same weights and curves as if it had not been",
        arguments: ["sgd", "adamw"])
    func resumes(optimizer: String) throws {
        let toy = try ToyPictures()
        let extra = "checkpoint_steps: 2"
        func config(_ output: String) throws -> String {
            let path = try toy.config(output: output, extra: extra)
            guard optimizer == "adamw" else { return path }
            let text = try String(contentsOfFile: path, encoding: .utf8)
                .replacingOccurrences(of: "{rate: 0.1, nesterov: true", with: "{kind: adamw, rate: 0.01")
            return try toy.folder.write(text, to: "train.yaml")
        }
        let whole = try toy.training(config("whole"))
        try whole.run { _ in }
        let parts = try config("parts")
        // In the middle of an epoch, after a checkpoint; right after an epoch; twice at the same place.
        for (epoch, step) in [(1, 5), (3, 1), (3, 3), (3, 3)] {
            #expect(throws: Interruption.self) {
                try toy.training(parts).run {
                    if case .step(epoch, step, _, _, _) = $0 { throw Interruption() }
                }
            }
        }
        let last = try toy.training(parts)
        try last.run { _ in }
        #expect(try toy.weights("parts") == toy.weights("whole"))
        #expect(last.history.epochs.map(\.trainLoss) == whole.history.epochs.map(\.trainLoss))
        #expect(last.history.epochs.map(\.testLoss) == whole.history.epochs.map(\.testLoss))
    }

    @Test("a loss that is no number ends training with the epoch and the step")
    func notANumber() throws {
        let toy = try ToyPictures()
        let path = try toy.config()
        let text = try String(contentsOfFile: path, encoding: .utf8).replacingOccurrences(
            of: "rate: 0.1", with: "rate: 1e30")
        let training = try toy.training(toy.folder.write(text, to: "diverging.yaml"))
        let error = #expect(throws: TesseraError.self) { try training.run { _ in } }
        #expect(error?.code == .limitExceeded)
        #expect(
            error.map { "\($0)".contains("epoch 1, step ") && "\($0)".contains("learning rate") } == true,
            "\(String(describing: error))")
    }

    @Test("training ends early when the test loss no longer falls")
    func earlyStopping() throws {
        let toy = try ToyPictures()
        let training = try toy.training(toy.config(epochs: 30, extra: "early_stopping: {patience: 2, threshold: 10}"))
        var stopped: Int?
        try training.run { if case .stoppedEarly(let epoch, _) = $0 { stopped = epoch } }
        #expect(stopped == 3 && training.history.epochs.count == 3)
        // It is over, also for whoever starts it again.
        let weights = try toy.weights()
        let again = try toy.training(toy.config(epochs: 30, extra: "early_stopping: {patience: 2, threshold: 10}"))
        try again.run { _ in }
        #expect(again.history.epochs.count == 3)
        #expect(try toy.weights() == weights)
    }

    @Test("a checkpoint of other settings is not gone on from")
    func otherSettings() throws {
        let toy = try ToyPictures(perClass: 8)
        try toy.training(toy.config(epochs: 1)).run { _ in }
        let text = try String(contentsOfFile: toy.config(epochs: 1), encoding: .utf8)
        let other = try toy.folder.write(
            text.replacingOccurrences(of: "rate: 0.1", with: "rate: 0.2"), to: "other.yaml")
        let error = #expect(throws: TesseraError.self) { try toy.training(other).run { _ in } }
        #expect(error.map { "\($0)".contains("other settings") } == true)
    }

    @Test("outputs that are all equal are right for the first class only")
    func ties() throws {
        let toy = try ToyPictures(perClass: 8)
        let training = try toy.training(toy.config(epochs: 1))
        for name in ["linear.weight", "linear.bias"] {
            let entry = try #require(training.session.parameters.entry(name))
            try training.session.parameters.set(entry, Tensor(zeros: entry.shape))
        }
        #expect(abs((try training.evaluate().accuracy ?? 0) - 1.0 / 3) < 1e-9)
    }

    @Test("weights that become infinite in the last step of an epoch are told, and no checkpoint has them")
    func infiniteWeights() throws {
        let toy = try ToyPictures(perClass: 16)
        let path = try toy.config(epochs: 1, data: "{path: pictures, train: train}")
        let text = try String(contentsOfFile: path, encoding: .utf8)
            .replacingOccurrences(of: "rate: 0.1", with: "rate: 1e39").replacingOccurrences(
                of: "batch: 8", with: "batch: 48")
        let training = try toy.training(toy.folder.write(text, to: "diverging.yaml"))
        let error = #expect(throws: TesseraError.self) { try training.run { _ in } }
        #expect(error.map { "\($0)".contains("epoch 1") && "\($0)".contains("learning rate") } == true)
        let file = try SafetensorsFile(path: toy.folder.file("out/checkpoint.safetensors"))
        #expect(try file.names.allSatisfy { try file.tensor($0).floats().allSatisfy(\.isFinite) })
    }

    @Test("constants of a network are there after training, too")
    func constants() throws {
        let toy = try ToyPictures(perClass: 8)
        let text = try String(contentsOfFile: toy.folder.file("network.yaml"), encoding: .utf8)
            .replacingOccurrences(
                of: "  - relu\n",
                with:
                    "  - relu\n  - constant: {name: half, shape: [1]}\n  - multiply: {name: scaled, from: [relu, half]}\n"
            )
            .replacingOccurrences(of: "  - relu\n", with: "  - relu: {name: relu}\n")
        _ = try toy.folder.write(text, to: "network.yaml")
        try toy.training(toy.config(epochs: 1)).run { _ in }
        let trained = try NetworkLoader(operators: .builtin).load(toy.folder.file("out/network.yaml"))
        #expect(throws: Never.self) { try trained.bound(inputs: ["image": [1, 3, 8, 8]]) }
        #expect(try toy.weights()["half.value"] != nil)
    }

    @Test("weights under a mask stay zero")
    func masks() throws {
        let toy = try ToyPictures()
        let training = try toy.training(toy.config(epochs: 1))
        var mask = try Tensor([Float](repeating: 1, count: 8 * 27), shape: [8, 3, 3, 3])
        try mask.withMutableFloats { for index in 27..<54 { $0[index] = 0 } }
        try training.session.setMask(mask, of: "conv.weight")
        try training.run { _ in }
        let weights = try #require(toy.weights()["conv.weight"]).floats()
        #expect(weights[27..<54].allSatisfy { $0 == 0 } && weights[..<27].allSatisfy { $0 != 0 })
        #expect(throws: TesseraError.self) { try training.session.setMask(mask, of: "conv.wieght") }
        #expect(throws: TesseraError.self) { try training.session.setMask(mask, of: "linear.bias") }
    }

    @Test("a student that learns from its teacher alone comes close to it")
    func distillation() throws {
        let toy = try ToyPictures()
        try toy.training(toy.config(output: "teacher")).run { _ in }
        let student = try toy.training(
            toy.config(
                output: "student", epochs: 8,
                extra: "distillation: {network: teacher/network.yaml, temperature: 2, share: 1}"))
        try student.run { _ in }
        let losses = student.history.epochs.map(\.trainLoss)
        #expect(losses[7] < losses[0] / 3, "\(losses)")
    }

    @Test("a network learns to remove noise from pictures")
    func restoration() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("clean"), withIntermediateDirectories: true)
        for index in 0..<4 {
            let pixels = (0..<32 * 32).map { UInt8(($0 % 32 * (index + 2) + $0 / 32 * 3) % 256) }
            try Picture(width: 32, height: 32, channels: 1, pixels: pixels).write(to: folder.file("clean/\(index).png"))
        }
        _ = try folder.write(
            """
            tessera: 1
            name: denoiser
            inputs: {image: {shape: [batch, 1, height, width]}}
            weights: {random: 1}
            layers:
              - conv: {name: first, channels: 8, kernel: 3, padding: 1}
              - relu
              - conv: {name: noise, channels: 1, kernel: 3, padding: 1}
              - subtract: {name: clean, from: [image, noise]}
            outputs: [clean]
            """, to: "network.yaml")
        let config = try folder.write(
            """
            tessera: 1
            network: network.yaml
            data: {kind: restoration, train: clean, test: clean, patch: 16, noise: 50, repeats: 16}
            loss: mse
            optimizer: {kind: adamw, rate: 0.01}
            epochs: 10
            batch: 8
            output: out
            """, to: "train.yaml")
        let training = try Modules.builtin.training(TrainingFile(path: config))
        let before = try #require(training.evaluate().psnr)
        try training.run { _ in }
        let after = try #require(training.evaluate().psnr)
        #expect(after > before + 2, "PSNR \(before) before, \(after) after")
    }

    @Test("what is wrong with a training file is said")
    func badFiles() throws {
        let toy = try ToyPictures()
        func message(_ extra: String = "", data: String? = nil, replacing: (String, String)? = nil) throws -> String {
            var path = try toy.config("bad.yaml", extra: extra, data: data)
            if let replacing {
                let text = try String(contentsOfFile: path, encoding: .utf8)
                    .replacingOccurrences(of: replacing.0, with: replacing.1)
                path = try toy.folder.write(text, to: "bad.yaml")
            }
            var found = ""
            do { try toy.training(path).run { _ in } } catch { found = "\(error)" }
            return found
        }
        #expect(try message("epocs: 3").contains("unknown key 'epocs', did you mean 'epochs'?"))
        #expect(try message("loss: mse").contains("expected a 'loss' of cross_entropy"))
        #expect(try message(data: "{path: nowhere, train: train}").contains("nowhere'"))
        #expect(try message(data: "{path: pictures, train: training}").contains("training"))
        #expect(try message(replacing: ("batch: 8", "batch: 64")).contains("expected a 'batch' of at most 48"))
        #expect(try message(replacing: ("output: out", "output: /proc/nothing")).contains("/proc/nothing"))
        #expect(try message(replacing: ("rate: 0.1", "rate: -1")).contains("expected a 'rate' above 0"))
        try FileManager.default.removeItem(atPath: toy.folder.file("pictures/test/red"))
        #expect(try message().contains("no pictures of the class 'red'"))
        try FileManager.default.removeItem(atPath: toy.folder.file("pictures/train/red"))
        #expect(try message().contains("expected outputs of 8x2"))
    }

    @Test("a picture that is cut off is named")
    func truncatedPicture() throws {
        let toy = try ToyPictures()
        let path = toy.folder.file("pictures/train/green/3.png")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: TesseraError.self) { try toy.training(toy.config()).run { _ in } }
        #expect(error.map { "\($0)".contains("green/3.png") } == true)
    }
}
