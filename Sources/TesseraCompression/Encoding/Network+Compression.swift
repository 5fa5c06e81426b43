import TesseraCore
import TesseraNetwork
import TesseraOperators

extension Network {
    /// The weights that can be compressed, in the order of the layers, and the tensors that are kept as they are: biases, scales,
    /// statistics of normalizations.
    ///
    /// - Parameter inputs: the shapes of inputs, where weights depend on them.
    public func compressibleTensors(
        inputs: [String: Shape] = [:]
    ) throws -> (weights: [CompressibleTensor], exact: [(name: String, tensor: Tensor)]) {
        var tensors = try weightsOfLayers(inputs: inputs)
        var weights: [CompressibleTensor] = []
        var exact: [(name: String, tensor: Tensor)] = []
        // Binding may leave out layers, and counts values anew.
        let bound = try? boundWithoutWeights(inputs: inputs)
        var inputShapes: [String: [Shape]] = [:]
        for node in bound?.graph.nodes ?? [] { inputShapes[node.name] = bound?.inputShapes(of: node) }
        for node in graph.nodes {
            let prefix = node.name + "."
            // The names of nested layers begin with those of their blocks.
            let own = tensors.keys.filter { $0.hasPrefix(prefix) && !$0.dropFirst(prefix.count).contains(".") }.sorted()
            for name in own {
                guard let tensor = tensors.removeValue(forKey: name) else { continue }
                if let weight = Self.compressible(
                    name, String(name.dropFirst(prefix.count)), tensor, node.op, inputShapes[node.name])
                {
                    weights.append(weight)
                } else {
                    exact.append((name, tensor))
                }
            }
        }
        return (weights, exact)
    }

    private static func compressible(
        _ name: String, _ parameter: String, _ tensor: Tensor, _ op: any Operator,
        _ inputs: [Shape]?
    ) -> CompressibleTensor? {
        if let integers = op as? any IntegerWeights, integers.weightBits > 0 {
            guard parameter == "weight" else { return nil }
            // The layer with a weight of f32 says how many weights there are. Where its inputs are not known, those that fill up rows count.
            var real = integers
            real.weightBits = 0
            let weights = inputs.flatMap { try? real.parameters(for: $0).first { $0.name == "weight" } }
            return CompressibleTensor(
                name, tensor, integerBits: integers.weightBits, weightCount: weights?.shape.elementCount)
        }
        guard parameter.hasPrefix("weight"), tensor.elementType == .f32, tensor.shape.rank >= 2 else { return nil }
        return CompressibleTensor(name, tensor, matrices: (op as? any Recurrent)?.gateCount ?? 1)
    }
}

extension Recurrent {
    fileprivate var gateCount: Int { Self.gateCount }
}
