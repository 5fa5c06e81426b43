import Foundation
import TesseraCore

/// A function that a recurrent layer puts between its sums.
public struct RecurrentActivation: Sendable, Equatable {
    /// The function, by ONNX's names.
    public enum Kind: String, ConfigurationChoice {
        case relu, tanh, sigmoid, affine, elu, softsign, softplus
        case leakyRelu = "leaky_relu"
        case thresholdedRelu = "thresholded_relu"
        case scaledTanh = "scaled_tanh"
        case hardSigmoid = "hard_sigmoid"

        /// Alpha if none is given, nil for a function without one.
        var alpha: Double? {
            switch self {
            case .relu, .tanh, .sigmoid, .softsign, .softplus: nil
            case .leakyRelu: 0.01
            case .hardSigmoid: 0.2
            case .affine, .elu, .thresholdedRelu, .scaledTanh: 1
            }
        }

        /// Beta if none is given, nil for a function without one.
        var beta: Double? {
            switch self {
            case .affine: 0
            case .scaledTanh: 1
            case .hardSigmoid: 0.5
            default: nil
            }
        }
    }

    public var kind: Kind
    public var alpha: Double
    public var beta: Double

    func callAsFunction(_ x: Double) -> Double {
        switch kind {
        case .relu: max(x, 0)
        case .tanh: Foundation.tanh(x)
        case .sigmoid: 1 / (1 + exp(-x))
        case .affine: alpha * x + beta
        case .elu: x >= 0 ? x : alpha * expm1(x)
        case .softsign: x / (1 + abs(x))
        case .softplus: max(x, 0) + log1p(exp(-abs(x)))
        case .leakyRelu: x >= 0 ? x : alpha * x
        case .thresholdedRelu: x > alpha ? x : 0
        case .scaledTanh: alpha * Foundation.tanh(beta * x)
        case .hardSigmoid: min(max(alpha * x + beta, 0), 1)
        }
    }
}
