import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// `tessera prune` with training: METHODS.md D7 to D11 as a user runs them.
@Suite struct PruneAndTrainTests {
    @Test(
        "what is pruned in steps is trained with zeros in between and, made smaller, at the end, and is as good as that training says"
    )
    func steps() throws {
        let toy = try ToyPictures()
        let training = try toy.config(output: "trained", epochs: 3)
        let config = try toy.folder.write(
            """
            tessera: 1
            metric: l2
            amount: {rule: ratio, ratio: 0.5}
            schedule: {kind: iterative, steps: 2}
            retrain: train.yaml
            """, to: "prune.yaml")
        let prune = try Command(
            "prune", toy.folder.file("network.yaml"), "-o", toy.folder.file("small"), "--config", config,
            "--no-latency",
            "--json")
        #expect(prune.status == 0, "\(prune.errors)")
        #expect(prune.errors.split(separator: "\n").count { $0.hasPrefix("epoch ") } == 6, "\(prune.errors)")

        // Half of 8 channels: 4·3·9, 2·4 and 4·3 + 3 numbers.
        let small = toy.folder.file("small/network.yaml")
        let inspect = try Command("inspect", small, "--json").json()
        #expect(inspect["parameters"] as? Int == 108 + 16 + 15)
        let evaluate = try String(contentsOfFile: training, encoding: .utf8)
            .replacingOccurrences(of: "network: network.yaml", with: "network: small/network.yaml")
            .replacingOccurrences(of: "output: trained", with: "output: none")
        let result = try Command("evaluate", try toy.folder.write(evaluate, to: "evaluate.yaml"), "--json").json()

        let curves = try String(contentsOfFile: toy.folder.file("trained/step-2/curves.csv"), encoding: .utf8)
            .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        let (header, last) = (try #require(curves.first), try #require(curves.last))
        func trained(_ column: String) throws -> Double {
            let index = try #require(header.firstIndex(of: column))
            return try #require(Double(last[index]))
        }
        #expect(abs(try trained("test_accuracy") - (result["accuracy"] as? Double ?? -1)) < 1e-4)
        #expect(abs(try trained("test_loss") - (result["loss"] as? Double ?? -1)) < 1e-3)
        // What the first step pruned, half of that, was zero all along, and the second step trained the smaller network.
        let first = try SafetensorsFile(path: toy.folder.file("trained/step-1/weights.safetensors"))
        let kernels = try first.tensor("conv.weight").floats()
        let zeros = (0..<8).count { channel in kernels[channel * 27..<(channel + 1) * 27].allSatisfy { $0 == 0 } }
        #expect(zeros == 2)
        let second = try SafetensorsFile(path: toy.folder.file("trained/step-2/weights.safetensors"))
        #expect(second.shape(of: "conv.weight") == [4, 3, 3, 3])
    }

    @Test("the workflow prunes, trains, writes a smaller network and shows both in one table")
    func workflow() throws {
        let toy = try ToyPictures()
        let training = try toy.config(output: "trained", epochs: 3)
        let script = TestFiles.repository.appendingPathComponent("scripts/workflows/prune.lua").path
        let run = try Command(
            "script", script, toy.folder.file("network.yaml"), "-", training, "2", toy.folder.file("pictures"), "test",
            toy.folder.file("small"), "1")
        #expect(run.status == 0, "\(run.errors)")
        let rows = run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        // Random weights are in no file, so there are no bytes to compare.
        #expect(rows.map(\.first) == ["before", "accuracy,", "MACs", "parameters", "latency,"], "\(run.output)")
        // 8 and 4 kernels of 3·3·3 over 8x8 pixels, and 3 classes of as many features.
        #expect(rows[2].prefix(3) == ["MACs", "13848", "6924"], "\(run.output)")
        #expect(rows[3].prefix(3) == ["parameters", "275", "139"], "\(run.output)")
        let small = try Command("inspect", toy.folder.file("small/network.yaml"), "--json").json()
        #expect(small["parameters"] as? Int == 139)
    }

    @Test("'taylor' takes gradients from samples, and prunes other channels than 'l2' does")
    func taylor() throws {
        let toy = try ToyPictures(perClass: 8)
        let samples = toy.folder.file("pictures/train")
        func parameters(_ metric: String) throws -> [[Float]] {
            let report = try Command(
                "prune", toy.folder.file("network.yaml"), "-o", toy.folder.file(metric), "--metric", metric, "--amount",
                "ratio=0.5", "--samples", samples, "--no-latency", "--json")
            #expect(report.status == 0, "\(report.errors)")
            let kernels = try SafetensorsFile(path: toy.folder.file("\(metric)/weights.safetensors"))
                .tensor("conv.weight").floats()
            return stride(from: 0, to: kernels.count, by: 27).map { Array(kernels[$0..<$0 + 27]) }
        }
        let (taylor, l2) = (try parameters("taylor"), try parameters("l2"))
        #expect(taylor.count == 4 && l2.count == 4)
        #expect(taylor != l2)
    }
}
