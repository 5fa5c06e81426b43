import TesseraCore
import TesseraNetwork

/// Reads ONNX models as networks.
///
/// Operators of opset 7 and later are understood, as far as the catalogue of layers has them or they can be composed of
/// layers. Initializers become weights, named `LAYER.parameter`, or constants; sizes that the model leaves open stay open.
public struct ONNXImporter: NetworkImporter {
    public let format = "onnx"

    public init() {}

    /// The network in an `.onnx` file.
    ///
    /// - Throws: `notSupported` with every node that cannot be imported and why, each on a line; `malformedFile` for a file that
    ///   is no valid model; `inputOutput` if it cannot be read.
    public func read(_ path: String) throws -> ImportedNetwork {
        let model = try ONNXModel(path: path)
        do {
            return try model.imported().network(fallbackName: PathComponents(path).stem)
        } catch var error as TesseraError {
            error.message = "'\(path)': \(error.message)"
            throw error
        }
    }
}

extension ImportedGraph {
    /// The same as what a network file would say.
    ///
    /// - Parameter fallbackName: the network's name if the model has none.
    package func network(fallbackName: String) -> ImportedNetwork {
        var weights: [String: Tensor] = [:]
        for layer in layers {
            for (parameter, tensor) in layer.parameters { weights["\(layer.name).\(parameter)"] = tensor }
        }
        return ImportedNetwork(
            name: name.isEmpty ? fallbackName : name,
            inputs: inputs.map { .init(name: $0.name, shape: $0.shape, elementType: $0.elementType) },
            layers: layers.map { .init(kind: $0.type, name: $0.name, keys: $0.configuration, from: $0.inputs) },
            outputs: outputs.map { .init(name: $0.name, from: $0.value) }, weights: weights)
    }
}
