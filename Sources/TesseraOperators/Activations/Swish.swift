import Foundation
import TesseraCore

/// x / (1 + exp(-alpha · x)).
public struct Swish: DifferentiableUnary, Equatable {
    public static let name = "swish"
    public static let summary = "x · sigmoid(alpha · x)"

    public var alpha: Double = 1

    public init() {}

    public static let shorthandKey: String? = "alpha"
    public static let keys: [Key<Swish>] = [
        Key("alpha", \.alpha, "slope of the logistic function")
    ]

    public func value(_ x: Double) -> Double { x / (1 + exp(-alpha * x)) }
    public func derivative(_ x: Double) -> Double {
        let sigmoid = 1 / (1 + exp(-alpha * x))
        return sigmoid + alpha * x * sigmoid * (1 - sigmoid)
    }
}
