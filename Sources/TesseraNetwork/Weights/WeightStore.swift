import Synchronization
import TesseraCore

/// Gives the weights of a network, and keeps what it has given.
final class WeightStore: Sendable {
    let source: WeightSource
    /// What reads files that are no safetensors files.
    let formats: [any WeightFileFormat]
    private let state = Mutex(State())

    private struct State {
        var file: (any WeightFile)?
        var tensors: [String: Tensor] = [:]
    }

    init(_ source: WeightSource, formats: [any WeightFileFormat] = []) {
        (self.source, self.formats) = (source, formats)
    }

    /// The file of weights, once it is opened; nil if they come from elsewhere.
    ///
    /// - Throws: what opening the file throws.
    func openedFile() throws -> (any WeightFile)? {
        guard case .file(let path) = source else { return nil }
        return try state.withLock { state in
            let opened = try state.file ?? open(path)
            state.file = opened
            return opened
        }
    }

    /// The weight `layer.specification.name`: as f32 if the layer wants that and floats are stored, else just as it is.
    ///
    /// - Throws: `notFound` with the nearest name, `notSupported` for another type, and what opening the file throws.
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

    /// The tensor of that name as f32, whatever its shape; nil if weights are drawn, for which the shape must be known.
    ///
    /// - Throws: as `tensor(for:of:)`.
    func stored(_ name: String) throws -> Tensor? {
        if case .random = source { return nil }
        return try state.withLock { state in
            if let tensor = state.tensors[name] { return tensor }
            let tensor = try load(name, ParameterSpecification(name, [], .bias), file: &state.file)
            try tensor.requireNumbers(name)
            state.tensors[name] = tensor
            return tensor
        }
    }

    /// What was given so far, by name.
    var loaded: [String: Tensor] { state.withLock { $0.tensors } }

    /// The names of tensors in the file, if there is one, that no layer has asked for so far.
    var unused: [String] {
        state.withLock { state in (state.file?.names ?? []).filter { state.tensors[$0] == nil } }
    }

    private func load(
        _ name: String, _ specification: ParameterSpecification, file: inout (any WeightFile)?
    ) throws -> Tensor {
        switch source {
        case .file(let path):
            let opened = try file ?? open(path)
            file = opened
            return try converted(opened.tensor(name), to: specification.elementType, name)
        case .random(let seed):
            return try RandomWeights.tensor(specification, named: name, seed: seed)
        case .tensors(let tensors):
            guard let tensor = tensors[name] else {
                throw TesseraError(.notFound, "missing weight '\(name)'" + suggestion(for: name, among: tensors.keys))
            }
            return try converted(tensor, to: specification.elementType, name)
        case .none:
            throw TesseraError(
                .notFound, "the network names no weights: expected 'weights: FILE' or 'weights: {random: SEED}'")
        }
    }

    private func open(_ path: String) throws -> any WeightFile {
        let fileExtension = PathComponents(path).fileExtension
        return try formats.first { $0.fileExtension == fileExtension }?.open(path) ?? SafetensorsFile(path: path)
    }

    private func converted(_ tensor: Tensor, to elementType: ElementType, _ name: String) throws -> Tensor {
        if tensor.elementType == elementType { return tensor }
        guard elementType == .f32, tensor.elementType == .f16 || tensor.elementType == .bf16 else {
            throw TesseraError(
                .notSupported, "expected weight '\(name)' of \(elementType), found \(tensor.elementType)")
        }
        return try tensor.convertedToF32()
    }
}
