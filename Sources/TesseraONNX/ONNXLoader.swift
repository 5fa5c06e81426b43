import TesseraCore
import TesseraNetwork

/// Reads ONNX models as networks.
///
/// Operators of opset 7 and later are understood, as far as the catalogue of layers has them or they can be composed of
/// layers. Initializers become weights, named `LAYER.parameter`, or constants; sizes that the model leaves open stay open.
public struct ONNXLoader: Sendable {
    public let operators: Registry<any Operator>

    public init(operators: Registry<any Operator>) { self.operators = operators }

    /// The network in an `.onnx` file.
    ///
    /// - Parameter weights: takes the place of the model's own.
    /// - Throws: `notSupported` with every node that cannot be imported and why, each on a line; `malformedFile` for a file that
    ///   is no valid model; `inputOutput` if it cannot be read.
    public func load(_ path: String, weights: WeightSource? = nil) throws -> Network {
        let model = try ONNXModel(path: path)
        let imported: ImportedGraph
        do {
            imported = try model.imported()
        } catch var error as TesseraError {
            error.message = "'\(path)': \(error.message)"
            throw error
        }
        let name = imported.name.isEmpty ? PathComponents(path).stem : imported.name
        return try network(imported, named: name, weights: weights, file: path)
    }

    /// The network of a model in terms of layers.
    package func network(
        _ imported: ImportedGraph, named name: String, weights: WeightSource? = nil, file: String? = nil
    ) throws -> Network {
        var graph = Graph()
        var values: [String: Graph.ValueID] = [:]
        var tensors: [String: Tensor] = [:]
        var inputs: [String: InputDeclaration] = [:]
        for input in imported.inputs {
            values[input.name] = try graph.addInput(input.name, shape: input.shape, elementType: input.elementType)
            var declaration = InputDeclaration()
            declaration.shape = input.shape
            inputs[input.name] = declaration
        }
        for layer in imported.layers {
            try locatingErrors(path: layer.name) {
                let op = try operators.make(layer.type, layer.configuration)
                let first = try graph.addNode(layer.name, op, inputs: layer.inputs.map { try value($0, in: values) })
                for (offset, name) in layer.outputs.enumerated() where offset < op.outputNames.count {
                    values[name] = first + offset
                }
            }
            for (parameter, tensor) in layer.parameters { tensors["\(layer.name).\(parameter)"] = tensor }
        }
        for output in imported.outputs { try graph.addOutput(output.name, value(output.value, in: values)) }
        return Network(name: name, graph: graph, inputs: inputs, weights: weights ?? .tensors(tensors), file: file)
    }

    private func value(_ name: String, in values: [String: Graph.ValueID]) throws -> Graph.ValueID {
        guard let value = values[name] else {
            throw TesseraError(.notFound, "unknown value '\(name)'" + suggestion(for: name, among: values.keys))
        }
        return value
    }
}
