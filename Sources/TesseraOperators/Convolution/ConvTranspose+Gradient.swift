import TesseraCore

/// Every product passes dL/dy on to both of its factors, as in a convolution.
extension ConvTranspose: DifferentiableOperator {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let input = pass.inputs[0]
        let window = try window(over: input.shape)
        guard let weightTensor = pass.parameters["weight"] else {
            throw TesseraError(.notFound, "'conv_transpose' misses its weight")
        }
        let (weight, x, outputGradient) = (weightTensor.reals(), input.reals(), pass.outputGradients[0].reals())
        let (inputsPerGroup, outputsPerGroup) = (input.shape[1] / groups, channels / groups)
        let inputPixels = input.shape.spatial.reduce(1, *)
        let outputPixels = window.axes.map(\.output).reduce(1, *)
        let taps = window.axes.map(\.kernel).reduce(1, *)
        var inputGradient = [Double](repeating: 0, count: x.count)
        var weightGradient = [Double](repeating: 0, count: weight.count)
        for batch in 0..<input.shape[0] {
            for channel in 0..<input.shape[1] {
                for output in 0..<outputsPerGroup {
                    let target = batch * channels + channel / inputsPerGroup * outputsPerGroup + output
                    window.forEachProduct { tap, source, position in
                        let gradient = outputGradient[target * outputPixels + position]
                        let w = (channel * outputsPerGroup + output) * taps + tap
                        let i = (batch * input.shape[1] + channel) * inputPixels + source
                        inputGradient[i] += weight[w] * gradient
                        weightGradient[w] += x[i] * gradient
                    }
                }
            }
        }
        var biasGradient = [Double](repeating: 0, count: channels)
        for (offset, gradient) in outputGradient.enumerated() {
            biasGradient[offset / outputPixels % channels] += gradient
        }
        return try Gradients(
            input: inputGradient, like: input, weight: weightGradient, like: weightTensor,
            bias: pass.parameters["bias"].map { ($0, biasGradient) })
    }
}
