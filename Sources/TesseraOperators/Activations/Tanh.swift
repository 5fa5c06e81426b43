import Foundation
import TesseraCore

/// Hyperbolic tangent: (exp(x) - exp(-x)) / (exp(x) + exp(-x)).
public struct Tanh: DifferentiableUnary, Equatable {
    public static let name = "tanh"
    public static let summary = "Hyperbolic tangent"
    public static let keys: [Key<Tanh>] = []

    public init() {}

    public func value(_ x: Double) -> Double { tanh(x) }
    public func derivative(_ x: Double) -> Double { 1 - tanh(x) * tanh(x) }
}
