import Foundation
import TesseraCore

/// x where it is positive, alpha · (exp(x) - 1) elsewhere.
public struct Elu: DifferentiableUnary, Equatable {
    public static let name = "elu"
    public static let summary = "x if positive, else alpha · (exp(x) - 1)"

    public var alpha: Double = 1

    public init() {}

    public static let shorthandKey: String? = "alpha"
    public static let keys: [Key<Elu>] = [
        Key("alpha", \.alpha, "factor of negative values")
    ]

    public func value(_ x: Double) -> Double { x > 0 ? x : alpha * expm1(x) }
    public func derivative(_ x: Double) -> Double { x > 0 ? 1 : alpha * exp(x) }
}
