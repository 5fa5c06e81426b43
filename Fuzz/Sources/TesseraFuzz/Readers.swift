import Foundation
import TesseraCore
import TesseraNetwork
import TesseraONNX
import TesseraOperators
import TesseraTraining

private let loader = NetworkLoader(operators: .builtin, importers: [ONNXImporter()])

/// What is fuzzed, by name. What is malformed must be refused by an error: a crash, a hang or much memory is a finding.
let readers: [String: @Sendable ([UInt8]) throws -> Void] = [
    /// A network file, up to the graph and its shapes.
    "yaml": { bytes in
        let network = try loader.load(text: String(decoding: bytes, as: UTF8.self), file: "fuzz.yaml")
        _ = try network.replacingWeights(.none).bound()
    },
    /// A weight file, every tensor of it.
    "safetensors": { bytes in
        try withFile(bytes, ".safetensors") { path in
            let file = try SafetensorsFile(path: path)
            for name in file.names { _ = try file.tensor(name).reals() }
        }
    },
    /// An ONNX model, up to the graph, its shapes, and what follows from constants.
    "onnx": { bytes in
        try withFile(bytes, ".onnx") { path in
            let network = try loader.load(path)
            let shapes = network.graph.inputs.map { input in
                (input.name, Shape(input.shape.dimensions.map { $0.fixedSize ?? 3 }))
            }
            _ = try network.binder(inputs: Dictionary(shapes) { first, _ in first })
        }
    },
    "npy": { bytes in try withFile(bytes, ".npy") { _ = try NpyFile.read($0).reals() } },
    /// An archive of pictures, and the first of them.
    "tar": { bytes in
        try withFile(bytes, ".tar") { _ = try EncodedPictures($0, part: nil).picture(0) }
    },
    /// IDX pictures, with labels that fit.
    "idx": { bytes in
        let size = bytes.dropFirst(4).prefix(4)
        let count = min(size.reduce(0) { $0 << 8 | Int($1) }, 65536)
        try withFile([0, 0, 8, 1] + size + [UInt8](repeating: 0, count: count), "-labels") { labels in
            try withFile(bytes, "-images") { images in
                let data = Configuration(
                    .map([
                        .init("kind", "idx".configuration), .init("train", [images].configuration),
                        .init("train_labels", labels.configuration),
                    ]))
                var file = TrainingFile()
                file.data = try DataDeclaration(configuration: data)
                _ = try TrainingPictures(file, for: small)
            }
        }
    },
    /// A picture file, decoded and made smaller.
    "picture": { bytes in _ = try Picture(encoded: bytes).resized(width: 7, height: 5, filter: .bilinear) },
]

/// A network that takes IDX pictures.
private let small: Network = {
    let text = """
        tessera: 1
        inputs: {x: {shape: [batch, 1, 8, 8]}}
        weights: {random: 1}
        layers: [flatten: {}, linear: {name: y, features: 10}]
        outputs: [y]
        """
    guard let network = try? loader.load(text: text, file: "small.yaml") else {
        fatalError("the network cannot be read")
    }
    return network
}()

/// Calls `body` with the path of a file that has these bytes.
private func withFile(_ bytes: [UInt8], _ suffix: String, _ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "/tessera-fuzz-\(getpid())\(suffix)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { unlink(path) }
    try body(path)
}
