import Foundation
import TesseraCore
import TesseraNetwork
import TesseraONNX
import TesseraOperators

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
    /// A picture file, decoded and made smaller.
    "picture": { bytes in _ = try Picture(encoded: bytes).resized(width: 7, height: 5, filter: .bilinear) },
]

/// Calls `body` with the path of a file that has these bytes.
private func withFile(_ bytes: [UInt8], _ suffix: String, _ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "/tessera-fuzz-\(getpid())\(suffix)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { unlink(path) }
    try body(path)
}
