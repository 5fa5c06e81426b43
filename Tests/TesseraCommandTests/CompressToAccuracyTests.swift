import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// `tessera compress --target-accuracy-drop` on a network that was trained, as a user runs it.
@Suite struct CompressToAccuracyTests {
    @Test("the file loses no more than it may, as a second measurement finds, and is smaller than without loss")
    func drop() throws {
        let toy = try ToyPictures(perClass: 40)
        // With weights enough to save bytes on.
        _ = try toy.folder.write(
            """
            tessera: 1
            name: toy
            inputs: {image: {shape: [batch, 3, 8, 8], mean: 0.5, deviation: 0.25}}
            weights: {random: 3}
            layers:
              - conv: {name: conv1, channels: 16, kernel: 3, padding: 1}
              - relu
              - conv: {name: conv2, channels: 32, kernel: 3, padding: 1}
              - relu
              - global_average_pool
              - flatten
              - linear: {name: linear, features: 3}
            outputs: {logits: linear}
            """, to: "network.yaml")
        let training = try toy.config(output: "trained", epochs: 4)
        #expect(try Command("train", training).status == 0)
        let evaluation = try String(contentsOfFile: training, encoding: .utf8)
            .replacingOccurrences(of: "output: trained", with: "output: none")
        func accuracy(_ network: String, weights: String? = nil) throws -> Double {
            let file = try toy.folder.write(
                evaluation.replacingOccurrences(of: "network: network.yaml", with: "network: \(network)"),
                to: "evaluate.yaml")
            let options = weights.map { ["--weights", $0] } ?? []
            return try #require(try Command(["evaluate", file, "--json"] + options).json()["accuracy"] as? Double)
        }
        let weights = toy.folder.file("trained/weights.safetensors")
        let before = try accuracy("network.yaml", weights: weights)
        #expect(before > 0.6, "the network has learned nothing that could be lost")

        let lossless = try Command(
            "compress", toy.folder.file("network.yaml"), "--weights", weights, "-o", toy.folder.file("lossless"),
            "--json")
        var sizes = [try #require(try lossless.json()["file_bytes"] as? Int)]
        for drop in [0, 5, 50] {
            let output = "drop-\(drop)"
            let command = try Command(
                "compress", toy.folder.file("network.yaml"), "--weights", weights, "-o", toy.folder.file(output),
                "--target-accuracy-drop", "\(drop)", "--evaluate", training, "--samples", toy.folder.file("pictures"),
                "--sample-part", "train", "--json")
            #expect(command.status == 0, "\(command.errors)")
            let report = try command.json()
            let measured = try [
                #require(report["before"] as? [String: Any]), #require(report["after"] as? [String: Any]),
            ]
            .map { try #require($0["accuracy"] as? Double) }
            #expect(measured[0] == before)
            #expect(try measured[1] == accuracy("\(output)/network.yaml"))
            #expect(before - measured[1] <= Double(drop) / 100 + 1e-9)
            let bytes = try #require(report["file_bytes"] as? Int)
            #expect(bytes == fileByteCount(toy.folder.file("\(output)/weights.tcw")))
            sizes.append(bytes)
        }
        // These pictures are told apart by so little that more may be lost than the coarsest steps do.
        #expect(sizes[0] > sizes[1] && sizes[1] >= sizes[2] && sizes[2] >= sizes[3], "\(sizes)")
    }
}
