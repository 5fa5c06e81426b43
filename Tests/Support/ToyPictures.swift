import Foundation
import Tessera

/// Small pictures of classes that differ in colour, and a network that can tell them apart.
public struct ToyPictures {
    public let folder: TemporaryFolder
    public static let classes = ["blue", "green", "red"]

    /// - Parameter perClass: pictures of each class to train with; half as many to test with.
    public init(perClass: Int = 16) throws {
        folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 5)
        for (part, count) in [("train", perClass), ("test", perClass / 2)] {
            for (label, name) in Self.classes.enumerated() {
                let directory = folder.file("pictures/\(part)/\(name)")
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                for index in 0..<count {
                    try Self.picture(label, using: &random).write(to: "\(directory)/\(index).png")
                }
            }
        }
        _ = try folder.write(Self.network, to: "network.yaml")
    }

    private static func picture(_ label: Int, using random: inout SeededGenerator) throws -> Picture {
        var pixels: [UInt8] = []
        for _ in 0..<64 {
            for channel in 0..<3 {
                pixels.append(UInt8.random(in: channel == 2 - label ? 90...220 : 40...170, using: &random))
            }
        }
        return try Picture(width: 8, height: 8, channels: 3, pixels: pixels)
    }

    static let network = """
        tessera: 1
        name: toy
        inputs: {image: {shape: [batch, 3, 8, 8], mean: 0.5, deviation: 0.25}}
        weights: {random: 3}
        layers:
          - conv: {name: conv, channels: 8, kernel: 3, padding: 1, bias: false}
          - batch_norm: {name: bn}
          - relu
          - global_average_pool
          - flatten
          - linear: {name: linear, features: 3}
        outputs: {logits: linear}
        """

    /// A training file over these pictures.
    public func config(
        _ name: String = "train.yaml", output: String = "out", epochs: Int = 4, extra: String = "", data: String? = nil
    ) throws -> String {
        try folder.write(
            """
            tessera: 1
            network: network.yaml
            data: \(data ?? "{path: pictures, train: train, test: test}")
            optimizer: {rate: 0.1, nesterov: true, weight_decay: 0.0001}
            schedule: cosine
            augment: {flip: true, crop_padding: 1}
            epochs: \(epochs)
            batch: 8
            output: \(output)
            \(extra)
            """, to: name)
    }

    /// What the command would do.
    public func training(_ config: String) throws -> Training {
        try Modules.builtin.training(TrainingFile(path: config))
    }

    /// The weights in an output folder.
    public func weights(_ output: String = "out") throws -> [String: Tensor] {
        let file = try SafetensorsFile(path: folder.file("\(output)/weights.safetensors"))
        return try Dictionary(uniqueKeysWithValues: file.names.map { ($0, try file.tensor($0)) })
    }
}
