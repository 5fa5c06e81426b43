import TesseraCore

/// A combination of two elements with derivatives with respect to both.
public protocol DifferentiableBinary: PointwiseBinary, DifferentiableOperator {
    func derivatives(_ a: Double, _ b: Double) -> (Double, Double)
}

extension DifferentiableBinary {
    /// Inputs beyond the second were combined with what came out of those before, so gradients go back the same way.
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        var partial = [pass.inputs[0]]
        for input in pass.inputs.dropFirst() { partial.append(try combined([partial[partial.count - 1], input])) }
        var gradient = pass.outputGradients[0].reals()
        var gradients: [Tensor?] = pass.inputs.map { _ in nil }
        for index in pass.inputs.indices.dropFirst().reversed() {
            let (first, second, shape) = (partial[index - 1], pass.inputs[index], partial[index].shape)
            let (a, b) = (try first.broadcast(to: shape).reals(), try second.broadcast(to: shape).reals())
            let slopes = zip(a, b).map { derivatives($0, $1) }
            gradients[index] = try second.summed(zip(slopes, gradient).map { $0.1 * $1 }, from: shape)
            gradient = try first.summed(zip(slopes, gradient).map { $0.0 * $1 }, from: shape).reals()
        }
        let first = pass.inputs[0]
        gradients[0] = try Tensor(reals: gradient, shape: first.shape, elementType: first.elementType)
        return Gradients(inputs: gradients)
    }
}

extension Tensor {
    /// The gradient of this tensor, given that of its elements repeated to fit `shape`: the sum over the repetitions.
    func summed(_ gradient: [Double], from shape: Shape) throws -> Tensor {
        var sums = [Double](repeating: 0, count: elementCount)
        for (value, offset) in zip(gradient, self.shape.broadcastOffsets(in: shape)) { sums[offset] += value }
        return try Tensor(reals: sums, shape: self.shape, elementType: elementType)
    }
}
