import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct TrainCommandTests {
    @Test("train, then evaluate: what one writes the other measures, as text and as JSON")
    func trainAndEvaluate() throws {
        let toy = try ToyPictures()
        let config = try toy.config(epochs: 5)
        let trained = try Command("train", config, "--json")
        #expect(trained.status == 0, "\(trained.errors)")
        let report = try trained.json()
        let epochs = try #require(report["epochs"] as? [[String: Any]])
        #expect(epochs.count == 5 && report["network"] as? String == "toy")
        // 8·3·9 of the convolution, 2·8 of the normalization, 8·3 + 3 of the linear layer.
        #expect(report["parameters"] as? Int == 216 + 16 + 27)
        #expect(trained.errors.contains("epoch 5/5") && !trained.errors.contains("\r"))
        let evaluated = try Command("evaluate", config, "--json").json()
        #expect(evaluated["accuracy"] as? Double == epochs[4]["test_accuracy"] as? Double)
        // What runs is folded, so sums are rounded elsewhere.
        let loss = try #require(epochs[4]["test_loss"] as? Double)
        #expect(abs(try #require(evaluated["loss"] as? Double) - loss) < 1e-5 * loss + 1e-7)
        #expect(evaluated["pictures"] as? Int == 24)
        #expect(try Command("evaluate", config).output.contains("accuracy"))
        // The network that was written runs like any other.
        let picture = toy.folder.file("pictures/test/green/0.png")
        let run = try Command(
            "run", toy.folder.file("out/network.yaml"), "--input", "image=\(picture)", "--output",
            toy.folder.file("y.npy"))
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("both backends end with nearly the same weights")
    func backends() throws {
        let toy = try ToyPictures(perClass: 4)
        for backend in ["onednn", "reference"] {
            let run = try Command("train", try toy.config(output: backend, epochs: 2), "--backend", backend)
            #expect(run.status == 0, "\(run.errors)")
        }
        let (a, b) = (try toy.weights("onednn"), try toy.weights("reference"))
        for (name, tensor) in a {
            let other = try #require(b[name]).floats()
            #expect(try zip(tensor.floats(), other).allSatisfy { abs($0 - $1) < 1e-3 }, "\(name)")
        }
    }

    @Test("training that is killed at any time, while a checkpoint is written as well, ends with the same weights")
    func killed() throws {
        let toy = try ToyPictures()
        let extra = "checkpoint_steps: 1"
        let whole = try Command("train", try toy.config(output: "whole", epochs: 20, extra: extra))
        #expect(whole.status == 0, "\(whole.errors)")
        let config = try toy.config(output: "parts", epochs: 20, extra: extra)
        var random = SeededGenerator(seed: 11)
        var kills = 0
        for _ in 0..<12 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: TestFiles.executable)
            process.arguments = ["train", config]
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            usleep(UInt32.random(in: 40_000...220_000, using: &random))
            if process.isRunning {
                kill(process.processIdentifier, SIGKILL)
                kills += 1
            }
            process.waitUntilExit()
            let checkpoint = toy.folder.file("parts/checkpoint.safetensors")
            guard FileManager.default.fileExists(atPath: checkpoint) else { continue }
            #expect(throws: Never.self) { try SafetensorsFile(path: checkpoint) }
        }
        #expect(kills > 0)
        let last = try Command("train", config)
        #expect(last.status == 0, "\(last.errors)")
        #expect(try toy.weights("parts") == toy.weights("whole"))
    }

    @Test("what is wrong is one message with its place, and an exit status of 1")
    func errors() throws {
        let toy = try ToyPictures(perClass: 4)
        let run = try Command("train", try toy.config(extra: "optimiser: sgd"))
        #expect(
            run.status == 1 && run.errors.contains("train.yaml:") && run.errors.contains("did you mean 'optimizer'?"))
        let untrained = try Command("evaluate", try toy.config(data: "{path: pictures, train: train}"))
        #expect(untrained.status == 1 && untrained.errors.contains("'test'"))
        #expect(try Command("train", toy.folder.file("missing.yaml")).status == 1)
    }

    @Test("bench measures steps of training")
    func bench() throws {
        let run = try Command(
            "bench", TestFiles.network("lenet5"), "--training", "--random-weights", "--seconds", "0", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let report = try run.json()
        #expect(try #require(report["images_per_second"] as? Double) > 0 && report["steps"] as? Int == 3)
    }
}
