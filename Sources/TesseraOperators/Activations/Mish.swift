import Foundation
import TesseraCore

/// x · tanh(log(1 + exp(x))).
public struct Mish: PointwiseUnary, Equatable {
    public static let name = "mish"
    public static let summary = "x · tanh(softplus(x))"
    public static let keys: [Key<Mish>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x * tanh(Softplus().value(x)) }
}
