import Tessera

/// What scripts give a network.
extension ScriptNetwork {
    /// The tensor for every input: from a table by name, or from a lone value if there is one input.
    func tensors(from value: ScriptValue) throws -> [String: Tensor] {
        try inputs(from: value, isLone: { if case .table = $0 { false } else { true } }, read: tensor)
    }

    /// The shape for every input that is given: from tensors, pictures, or lists of sizes.
    func shapes(from value: ScriptValue) throws -> [String: Shape] {
        let isLone = { (value: ScriptValue) in
            guard case .table(let table) = value else { return true }
            return !table.array.isEmpty
        }
        return try inputs(from: value, isLone: isLone) { name, value in
            if case .table = value { return try Shape(scriptValue: value) }
            return try self.tensor(name, value).shape
        }
    }

    private func inputs<Value>(
        from value: ScriptValue, isLone: (ScriptValue) -> Bool, read: (String, ScriptValue) throws -> Value
    ) throws -> [String: Value] {
        let names = network.graph.inputs.map(\.name)
        if isLone(value) {
            guard names.count == 1, let name = names.first else {
                throw TesseraError(
                    .invalidArgument,
                    "expected a table with the inputs \(names.joined(separator: ", ")), got \(value.kind)")
            }
            return [name: try locatingErrors(path: "input '\(name)'") { try read(name, value) }]
        }
        var result: [String: Value] = [:]
        for (name, value) in try value.requireNamed() {
            guard names.contains(name) else {
                throw TesseraError(
                    .notFound, "the network has no input '\(name)'" + suggestion(for: name, among: names))
            }
            result[name] = try locatingErrors(path: "input '\(name)'") { try read(name, value) }
        }
        return result
    }

    private func tensor(_ name: String, _ value: ScriptValue) throws -> Tensor {
        switch value {
        case .object(let tensor as ScriptTensor): return try tensor.f32
        case .object(let image as ScriptImage):
            guard let declaration = network.inputs[name] else {
                throw TesseraError(.invalidArgument, "the network does not say how it is made of a picture")
            }
            return try declaration.tensor(of: image.picture)
        case .string(let path): return try network.readInput(name, path)
        default: throw TesseraError(.invalidArgument, "expected a tensor, an image or a path, got \(value.kind)")
        }
    }
}
