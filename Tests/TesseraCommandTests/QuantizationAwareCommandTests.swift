import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct QuantizationAwareCommandTests {
    private static let quantization =
        "quantization: {method: lsq, weight_bits: 4, activation_bits: 4, edge_bits: 8, auxiliary: {width: 2, distillation: 0.5}}"

    @Test(
        "train for few bits beside an auxiliary network: what is written is integers, as good as in training, on one node or four"
    )
    func trainAndRun() throws {
        let toy = try ToyPictures()
        let config = try toy.config(epochs: 8, extra: Self.quantization)
        let trained = try Command("train", config, "--json")
        #expect(trained.status == 0, "\(trained.errors)")
        let epochs = try #require(trained.json()["epochs"] as? [[String: Any]])
        let (first, last) = (epochs[0], epochs[7])
        for key in ["own_loss", "auxiliary_loss", "distillation_loss"] { #expect(last[key] is Double, "\(key)") }
        func number(_ epoch: [String: Any], _ key: String) -> Double { epoch[key] as? Double ?? .nan }
        let sum = number(last, "own_loss") + number(last, "auxiliary_loss") + 0.5 * number(last, "distillation_loss")
        #expect(abs(number(last, "train_loss") - sum) < 1e-6)
        #expect(number(last, "train_loss") < number(first, "train_loss"))
        #expect(number(last, "test_accuracy") >= 0.9)
        #expect(trained.errors.contains("(quantized ") && trained.errors.contains("auxiliary "))
        let csv = try String(contentsOfFile: toy.folder.file("out/curves.csv"), encoding: .utf8)
        #expect(csv.contains("own_loss,auxiliary_loss,distillation_loss"))
        let svg = try String(contentsOfFile: toy.folder.file("out/curves.svg"), encoding: .utf8)
        #expect(svg.contains("total") && svg.contains("distillation"))

        let evaluated = try Command("evaluate", config, "--json").json()
        #expect(abs(number(evaluated, "accuracy") - number(last, "test_accuracy")) <= 1.0 / 24 + 1e-9)
        let file = toy.folder.file("out/network.yaml")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("quantize") && text.contains("weight_bits: 8") && !text.contains("auxiliary"))
        let picture = toy.folder.file("pictures/test/green/0.png")
        let run = try Command("run", file, "--input", "image=\(picture)", "--output", toy.folder.file("y.npy"))
        #expect(run.status == 0, "\(run.errors)")
        let deployment = try toy.folder.write(
            "{tessera: 1, network: out/network.yaml, partition: {strategy: strips}}", to: "d.yaml")
        let deploy = try Command(
            "deploy", deployment, "--local", "4", "--input", "image=\(picture)", "--output", toy.folder.file("z.npy"),
            "--verify")
        #expect(deploy.status == 0 && deploy.output.contains("to the bit"), "\(deploy.output)\(deploy.errors)")
        #expect(try NpyFile.read(toy.folder.file("y.npy")) == NpyFile.read(toy.folder.file("z.npy")))
    }

    @Test("training that was interrupted goes on with steps and weights as they were", arguments: ["lsq", "pact"])
    func resumes(method: String) throws {
        let toy = try ToyPictures()
        let extra = "quantization: {method: \(method), auxiliary: 1}\ncheckpoint_steps: 2"
        try toy.training(toy.config(output: "whole", extra: extra)).run { _ in }
        struct Interruption: Error {}
        let parts = try toy.config(output: "parts", extra: extra)
        #expect(throws: Interruption.self) {
            try toy.training(parts).run { if case .step(2, 3, _, _, _) = $0 { throw Interruption() } }
        }
        try toy.training(parts).run { _ in }
        #expect(try toy.weights("parts") == toy.weights("whole"))
    }

    @Test("training stops by itself once the total loss falls by less than the threshold")
    func stops() throws {
        let toy = try ToyPictures()
        let config = try toy.config(
            epochs: 60, extra: Self.quantization + "\nearly_stopping: {loss: training, threshold: 0.2, patience: 1}")
        let run = try Command("train", config, "--json")
        #expect(run.status == 0, "\(run.errors)")
        let report = try run.json()
        let losses = try #require(report["epochs"] as? [[String: Any]]).compactMap { $0["train_loss"] as? Double }
        #expect(report["stopped_early"] as? Bool == true && losses.count < 60)
        #expect(run.errors.contains("total loss of training has not become better by more than 0.2"), "\(run.errors)")
        // Every epoch but the last was better than all before by more than the threshold.
        var best = Double.infinity
        for (index, loss) in losses.enumerated() {
            #expect((loss < best - 0.2) == (index < losses.count - 1), "\(losses)")
            best = min(best, loss)
        }
    }

    @Test("workflows: for few bits, and pruning before quantization")
    func workflows() throws {
        let toy = try ToyPictures()
        let training = try toy.config(output: "trained", epochs: 3)
        let (network, samples) = (toy.folder.file("network.yaml"), toy.folder.file("pictures"))
        let workflows = TestFiles.repository.appendingPathComponent("scripts/workflows").path
        let aware = try Command(
            "script", "\(workflows)/quantization_aware.lua", network, "-", training, "4", "dorefa", "1",
            toy.folder.file("few"))
        #expect(aware.status == 0, "\(aware.errors)")
        #expect(aware.output.split(separator: "\n").count { $0.contains("auxiliary") } == 3, "\(aware.output)")
        #expect(try Command("inspect", toy.folder.file("few/network.yaml")).status == 0)
        let both = try Command(
            "script", "\(workflows)/prune_and_quantize.lua", network, "-", training, samples, "test", "2", "8",
            toy.folder.file("small"))
        #expect(both.status == 0, "\(both.errors)")
        let rows = both.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.map(\.first) == ["MACs", "given", "pruned", "8"], "\(both.output)")
        #expect(
            try String(contentsOfFile: toy.folder.file("small/network.yaml"), encoding: .utf8).contains(
                "weight_bits: 8"))
    }

    @Test("what is wrong is one message with its place")
    func errors() throws {
        let toy = try ToyPictures(perClass: 8)
        for (extra, message) in [
            ("quantization: {method: lsqq}", "did you mean 'lsq'"),
            ("quantization: {weight_bits: 1}", "expected 'weight_bits' from 2 to 8, found 1"),
            ("quantization: {edge_bits: 16}", "expected 'edge_bits' from 2 to 8, or 32, found 16"),
            ("quantization: {auxiliary: 0}", "expected a 'width' from 1 to 8, found 0"),
            ("quantization: {method: {method: pact, decay: -1}}", "expected a 'decay' from 0"),
            ("quantization: lsq\nprecision: bf16", "expected a 'precision' of f32 with 'quantization'"),
            ("early_stopping: {loss: both}", "expected one of test, training, found 'both'"),
        ] {
            let run = try Command("train", try toy.config(extra: extra))
            #expect(run.status == 1 && run.errors.contains(message), "\(extra): \(run.errors)")
        }
        _ = try toy.config(extra: "quantization: lsq")
        let pruning = try toy.folder.write("{tessera: 1, metric: l2, retrain: train.yaml}", to: "p.yaml")
        let prune = try Command(
            "prune", toy.folder.file("network.yaml"), "--config", pruning, "-o", toy.folder.file("small"),
            "--no-latency")
        #expect(prune.status == 1 && prune.errors.contains("without 'quantization'"), "\(prune.errors)")
    }
}
