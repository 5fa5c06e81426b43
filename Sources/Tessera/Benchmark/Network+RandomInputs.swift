import TesseraCore
import TesseraNetwork

extension Network {
    /// Inputs to measure speed with: the same numbers of 0..<1 whenever they are drawn. Integers are 0, an index that is valid
    /// everywhere.
    ///
    /// - Parameter shapes: the shape of every input whose declared shape leaves sizes open.
    /// - Throws: `invalidArgument` for an input without a shape.
    public func randomInputs(_ shapes: [String: Shape] = [:]) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for input in graph.inputs {
            guard let shape = shapes[input.name] ?? inputs[input.name]?.shape.concrete ?? input.shape.concrete else {
                throw TesseraError(.invalidArgument, "input '\(input.name)' has the open shape \(input.shape)")
            }
            tensors[input.name] = try Self.randomTensor(shape, input.elementType, named: input.name)
        }
        return tensors
    }

    static func randomTensor(_ shape: Shape, _ type: ElementType, named name: String) throws -> Tensor {
        var tensor = try Tensor(zeros: shape)
        guard type.isFloatingPoint else { return try Tensor(zeros: shape, elementType: type) }
        var generator = SplitMix64(seed: 1, name: name)
        try tensor.withMutableFloats { floats in
            for index in floats.indices { floats[index] = generator.uniform() }
        }
        return type == .f32 ? tensor : try Tensor(reals: tensor.reals(), shape: shape, elementType: type)
    }
}
