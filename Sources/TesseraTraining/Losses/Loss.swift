import TesseraCore

/// What the outputs for a batch should be.
public enum TrainingTarget: Sendable {
    /// The class of each sample, counted from 0.
    case classes([Int])
    /// A tensor of the output's shape.
    case tensor(Tensor)
}

/// How far an output is from what it should be: one number, the mean over the batch, and its gradient.
public protocol Loss: Sendable {
    /// - Parameter gradient: a tensor of the output's shape that takes dL/dy.
    /// - Throws: `shapeMismatch` if the output and the target do not fit, `invalidArgument` for a class that there is not.
    func evaluate(_ output: Tensor, _ target: TrainingTarget, gradient: inout Tensor) throws -> Double
}

/// A loss that adds up over elements: f(y - target), divided by the number of elements.
protocol ElementwiseLoss: Loss {
    static func value(_ difference: Float) -> Float
    static func slope(_ difference: Float) -> Float
}

extension ElementwiseLoss {
    public func evaluate(_ output: Tensor, _ target: TrainingTarget, gradient: inout Tensor) throws -> Double {
        guard case .tensor(let target) = target else {
            throw TesseraError(.shapeMismatch, "expected tensors to compare outputs with, found classes")
        }
        guard output.shape == target.shape, output.shape == gradient.shape else {
            throw TesseraError(.shapeMismatch, "expected a target of \(output.shape), found \(target.shape)")
        }
        let scale = 1 / Float(max(1, output.elementCount))
        var sum = 0.0
        try output.withFloats { y in
            try target.withFloats { t in
                try gradient.withMutableFloats { g in
                    for index in y.indices {
                        let difference = y[index] - t[index]
                        sum += Double(Self.value(difference))
                        g[index] = scale * Self.slope(difference)
                    }
                }
            }
        }
        return sum * Double(scale)
    }
}

/// The mean of (y - target)².
public struct MeanSquaredError: ElementwiseLoss {
    public init() {}
    static func value(_ difference: Float) -> Float { difference * difference }
    static func slope(_ difference: Float) -> Float { 2 * difference }
}

/// The mean of |y - target|.
public struct MeanAbsoluteError: ElementwiseLoss {
    public init() {}
    static func value(_ difference: Float) -> Float { abs(difference) }
    static func slope(_ difference: Float) -> Float { difference > 0 ? 1 : difference < 0 ? -1 : 0 }
}
