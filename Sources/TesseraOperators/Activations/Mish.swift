import Foundation
import TesseraCore

/// x · tanh(log(1 + exp(x))).
public struct Mish: DifferentiableUnary, Equatable {
    public static let name = "mish"
    public static let summary = "x · tanh(softplus(x))"
    public static let keys: [Key<Mish>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x * tanh(Softplus().value(x)) }
    public func derivative(_ x: Double) -> Double {
        let (t, sigmoid) = (tanh(Softplus().value(x)), Sigmoid().value(x))
        return t + x * sigmoid * (1 - t * t)
    }
}
