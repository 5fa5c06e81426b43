import TesseraCore

/// With y = Σ w · x, every product passes dL/dy on to both of its factors: dL/dx += w · dL/dy, dL/dw += x · dL/dy.
extension Conv: DifferentiableOperator {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let input = pass.inputs[0]
        let window = try window(over: input.shape)
        guard let weightTensor = pass.parameters["weight"] else {
            throw TesseraError(.notFound, "'conv' misses its weight")
        }
        let (weight, x, outputGradient) = (weightTensor.reals(), input.reals(), pass.outputGradients[0].reals())
        let sizes = Array(input.shape.spatial)
        let (pixels, taps) = (sizes.reduce(1, *), window.kernelSizes.reduce(1, *))
        let (inputsPerGroup, outputsPerGroup) = (input.shape[1] / groups, channels / groups)
        var inputGradient = [Double](repeating: 0, count: x.count)
        var weightGradient = [Double](repeating: 0, count: weight.count)
        var biasGradient = [Double](repeating: 0, count: channels)
        var offset = 0
        try outputShapes(for: [input.shape])[0].forEachIndex { index in
            let (batch, channel, gradient) = (index[0], index[1], outputGradient[offset])
            offset += 1
            biasGradient[channel] += gradient
            for i in 0..<inputsPerGroup {
                let inputChannel = channel / outputsPerGroup * inputsPerGroup + i
                let xOffset = (batch * input.shape[1] + inputChannel) * pixels
                let wOffset = (channel * inputsPerGroup + i) * taps
                window.forEachElement(at: Array(index.dropFirst(2)), sizes: sizes) { k, p in
                    inputGradient[xOffset + p] += weight[wOffset + k] * gradient
                    weightGradient[wOffset + k] += x[xOffset + p] * gradient
                }
            }
        }
        return try Gradients(
            input: inputGradient, like: input, weight: weightGradient, like: weightTensor,
            bias: pass.parameters["bias"].map { ($0, biasGradient) })
    }
}

extension Gradients {
    /// The gradients of a layer with a weight and perhaps a bias.
    init(
        input: [Double], like x: Tensor, weight: [Double], like weightTensor: Tensor, bias: (Tensor, [Double])?
    ) throws {
        func tensor(_ values: [Double], _ model: Tensor) throws -> Tensor {
            try Tensor(reals: values, shape: model.shape, elementType: model.elementType)
        }
        self.init(inputs: [try tensor(input, x)], parameters: ["weight": try tensor(weight, weightTensor)])
        if let bias { parameters["bias"] = try tensor(bias.1, bias.0) }
    }
}
