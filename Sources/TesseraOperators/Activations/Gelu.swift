import Foundation
import TesseraCore

/// x · Φ(x) with the normal distribution Φ: x / 2 · (1 + erf(x / √2)), or, with `approximation: tanh`,
/// x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 · x³))).
public struct Gelu: DifferentiableUnary, Equatable {
    public static let name = "gelu"
    public static let summary = "Gaussian error linear unit"

    /// How the distribution is computed.
    public enum Approximation: String, ConfigurationChoice {
        case none, tanh
    }

    public var approximation = Approximation.none

    public init() {}

    public static let shorthandKey: String? = "approximation"
    public static let keys: [Key<Gelu>] = [
        Key("approximation", \.approximation, "how the normal distribution is computed")
    ]

    public func value(_ x: Double) -> Double {
        switch approximation {
        case .none: 0.5 * x * (1 + erf(x * 0.5.squareRoot()))
        case .tanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        }
    }

    public func derivative(_ x: Double) -> Double {
        switch approximation {
        case .none:
            return 0.5 * (1 + erf(x * 0.5.squareRoot())) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
        case .tanh:
            let factor = (2 / Double.pi).squareRoot()
            let t = tanh(factor * (x + 0.044715 * x * x * x))
            return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * factor * (1 + 3 * 0.044715 * x * x)
        }
    }
}
