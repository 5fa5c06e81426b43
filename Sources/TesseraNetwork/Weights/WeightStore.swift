import Synchronization
import TesseraCore

/// Gives the weights of a network, and keeps what it has given.
final class WeightStore: Sendable {
    let source: WeightSource
    private let state = Mutex(State())

    private struct State {
        var file: SafetensorsFile?
        var tensors: [String: Tensor] = [:]
    }

    init(_ source: WeightSource) { self.source = source }

    /// The weight `layer.specification.name`, as f32.
    ///
    /// - Throws: `notFound` with the nearest name, `notSupported` for integers, and what opening the file throws.
    func tensor(for specification: ParameterSpecification, of layer: String) throws -> Tensor {
        let name = "\(layer).\(specification.name)"
        return try state.withLock { state in
            // A random tensor depends on its shape too, which may follow from an input's.
            if let tensor = state.tensors[name], tensor.shape == specification.shape { return tensor }
            let tensor = try load(name, specification, file: &state.file)
            guard tensor.shape == specification.shape else {
                throw TesseraError(
                    .shapeMismatch, "expected \(name) of shape \(specification.shape), found \(tensor.shape)")
            }
            try tensor.requireNumbers(name)
            state.tensors[name] = tensor
            return tensor
        }
    }

    private func load(
        _ name: String, _ specification: ParameterSpecification, file: inout SafetensorsFile?
    ) throws -> Tensor {
        switch source {
        case .file(let path):
            let opened = try file ?? SafetensorsFile(path: path)
            file = opened
            return try floats(opened.tensor(name), name)
        case .random(let seed):
            return try RandomWeights.tensor(specification, named: name, seed: seed)
        case .tensors(let tensors):
            guard let tensor = tensors[name] else {
                throw TesseraError(.notFound, "missing weight '\(name)'" + suggestion(for: name, among: tensors.keys))
            }
            return try floats(tensor, name)
        case .none:
            throw TesseraError(
                .notFound, "the network names no weights: expected 'weights: FILE' or 'weights: {random: SEED}'")
        }
    }

    private func floats(_ tensor: Tensor, _ name: String) throws -> Tensor {
        switch tensor.elementType {
        case .f32, .f16, .bf16: return try tensor.convertedToF32()
        default:
            throw TesseraError(
                .notSupported, "expected weight '\(name)' as floats, found \(tensor.elementType)")
        }
    }
}
