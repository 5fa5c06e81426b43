/// An operator that trains: it says how a loss changes with what the operator reads.
///
/// An operator without a gradient does not conform, and `Operator.gradients` throws `notSupported` with its name.
public protocol DifferentiableOperator: Operator {
    /// The gradients of the inputs and parameters, in plain loops.
    func backward(_ pass: BackwardPass) throws -> Gradients
}

/// What is known when gradients go back through an operator: what it read and made, and the gradients of a loss with respect
/// to what it made.
public struct BackwardPass: Sendable {
    public var inputs: [Tensor]
    public var parameters: [String: Tensor]
    public var outputs: [Tensor]
    /// One for each output, of its shape: dL/dy.
    public var outputGradients: [Tensor]

    public init(
        inputs: [Tensor], parameters: [String: Tensor] = [:], outputs: [Tensor], outputGradients: [Tensor]
    ) {
        (self.inputs, self.parameters) = (inputs, parameters)
        (self.outputs, self.outputGradients) = (outputs, outputGradients)
    }
}

/// The gradients of a loss with respect to what an operator reads.
public struct Gradients: Sendable {
    /// dL/dx for each input, of its shape; nil for one without, such as integers.
    public var inputs: [Tensor?]
    /// dL/dw for the parameters that have one, of their shapes.
    public var parameters: [String: Tensor]

    public init(inputs: [Tensor?], parameters: [String: Tensor] = [:]) {
        (self.inputs, self.parameters) = (inputs, parameters)
    }
}

extension Operator {
    /// The gradients of the inputs and parameters.
    ///
    /// - Throws: `notSupported`, with the operator's name, for one that does not train.
    public func gradients(_ pass: BackwardPass) throws -> Gradients {
        try differentiable().backward(pass)
    }

    /// This operator as one that trains.
    ///
    /// - Throws: `notSupported`, with its name, if it does not.
    public func differentiable() throws -> any DifferentiableOperator {
        guard let op = self as? any DifferentiableOperator else {
            throw TesseraError(.notSupported, "'\(Self.name)' has no gradient, so nothing before it can be trained")
        }
        return op
    }
}
