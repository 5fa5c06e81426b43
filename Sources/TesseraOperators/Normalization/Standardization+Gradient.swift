import TesseraCore

extension Standardization {
    /// The gradient of the numbers that were standardized, given that of the results:
    /// (g - mean(g) - x̂ · mean(g · x̂)) · inverse deviation, block by block.
    func gradient(of results: [Double], block: Int) -> [Double] {
        var gradient = results
        for (index, inverse) in inverseDeviations.enumerated() {
            let range = index * block..<(index + 1) * block
            let mean = results[range].reduce(0, +) / Double(block)
            let projection = range.reduce(0) { $0 + results[$1] * values[$1] } / Double(block)
            for i in range { gradient[i] = (results[i] - mean - values[i] * projection) * inverse }
        }
        return gradient
    }
}

extension AffineNormalization {
    /// The gradients of a normalization over blocks of neighbouring elements.
    ///
    /// - Parameter parameter: the place of the weight and the bias of an element.
    func gradients(_ pass: BackwardPass, block: Int, parameter: (Int) -> Int) throws -> Gradients {
        let input = pass.inputs[0]
        let standardized = Standardization(input.reals(), block: block, epsilon: epsilon)
        let outputGradient = pass.outputGradients[0].reals()
        var gradient = outputGradient
        var parameters: [String: Tensor] = [:]
        if let weight = pass.parameters["weight"] {
            let factors = weight.reals()
            var (weights, biases) = (factors.map { _ in 0.0 }, factors.map { _ in 0.0 })
            for (index, value) in outputGradient.enumerated() {
                let place = parameter(index)
                weights[place] += value * standardized.values[index]
                biases[place] += value
                gradient[index] = value * factors[place]
            }
            parameters["weight"] = try Tensor(reals: weights, shape: weight.shape, elementType: weight.elementType)
            if let bias = pass.parameters["bias"] {
                parameters["bias"] = try Tensor(reals: biases, shape: bias.shape, elementType: bias.elementType)
            }
        }
        let x = try Tensor(
            reals: standardized.gradient(of: gradient, block: block), shape: input.shape,
            elementType: input.elementType)
        return Gradients(inputs: [x], parameters: parameters)
    }
}

extension InstanceNorm: DifferentiableOperator {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let shape = pass.inputs[0].shape
        let pixels = shape.spatial.reduce(1, *)
        return try gradients(pass, block: pixels) { $0 / pixels % shape[1] }
    }
}

extension GroupNorm: DifferentiableOperator {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let shape = pass.inputs[0].shape
        let pixels = shape.spatial.reduce(1, *)
        return try gradients(pass, block: shape[1] / groups * pixels) { $0 / pixels % shape[1] }
    }
}

/// Its mean and inverse deviation are there to be looked at: what reads them does not train what is before.
extension LayerNorm: DifferentiableOperator {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        guard pass.outputGradients.dropFirst().allSatisfy({ $0.reals().allSatisfy { $0 == 0 } }) else {
            throw TesseraError(.notSupported, "the statistics of 'layer_norm' have no gradient")
        }
        let axis = try resolveAxis(axis, rank: pass.inputs[0].shape.rank)
        let block = pass.inputs[0].shape.dimensions[axis...].reduce(1, *)
        return try gradients(pass, block: block) { $0 % block }
    }
}
