import TesseraCore

/// dL/dx = dL/dy · weight, dL/dweight = dL/dyᵀ · x, dL/dbias = Σ over rows of dL/dy.
extension Linear: DifferentiableOperator {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let input = pass.inputs[0]
        guard let weightTensor = pass.parameters["weight"] else {
            throw TesseraError(.notFound, "'linear' misses its weight")
        }
        let (weight, x, gradient) = (weightTensor.reals(), input.reals(), pass.outputGradients[0].reals())
        let count = weightTensor.shape[1]
        var inputGradient = [Double](repeating: 0, count: x.count)
        var weightGradient = [Double](repeating: 0, count: weight.count)
        var biasGradient = [Double](repeating: 0, count: features)
        for row in 0..<gradient.count / features {
            for f in 0..<features {
                let value = gradient[row * features + f]
                biasGradient[f] += value
                for i in 0..<count {
                    inputGradient[row * count + i] += weight[f * count + i] * value
                    weightGradient[f * count + i] += x[row * count + i] * value
                }
            }
        }
        return try Gradients(
            input: inputGradient, like: input, weight: weightGradient, like: weightTensor,
            bias: pass.parameters["bias"].map { ($0, biasGradient) })
    }
}
