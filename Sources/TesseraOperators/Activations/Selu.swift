import Foundation
import TesseraCore

/// gamma · x where x is positive, gamma · alpha · (exp(x) - 1) elsewhere.
public struct Selu: DifferentiableUnary, Equatable {
    public static let name = "selu"
    public static let summary = "Scaled exponential linear unit"

    public var alpha: Double = 1.67326319217681884765625
    public var gamma: Double = 1.05070102214813232421875

    public init() {}

    public static let keys: [Key<Selu>] = [
        Key("alpha", \.alpha, "factor of negative values"),
        Key("gamma", \.gamma, "factor of all values"),
    ]

    public func value(_ x: Double) -> Double { gamma * (x > 0 ? x : alpha * expm1(x)) }
    public func derivative(_ x: Double) -> Double { gamma * (x > 0 ? 1 : alpha * exp(x)) }
}
