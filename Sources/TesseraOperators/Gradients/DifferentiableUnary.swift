import TesseraCore

/// A function of each element that has a derivative: dL/dx = f'(x) · dL/dy. At a kink it is that of one of the sides.
public protocol DifferentiableUnary: PointwiseUnary, DifferentiableOperator {
    func derivative(_ x: Double) -> Double
}

extension DifferentiableUnary {
    public func backward(_ pass: BackwardPass) throws -> Gradients {
        let x = pass.inputs[0]
        let gradient = zip(x.reals(), pass.outputGradients[0].reals()).map { derivative($0) * $1 }
        return Gradients(inputs: [try Tensor(reals: gradient, shape: x.shape, elementType: x.elementType)])
    }
}
