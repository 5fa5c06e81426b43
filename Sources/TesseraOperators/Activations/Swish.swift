import Foundation
import TesseraCore

/// x / (1 + exp(-alpha · x)).
public struct Swish: PointwiseUnary, Equatable {
    public static let name = "swish"
    public static let summary = "x · sigmoid(alpha · x)"

    public var alpha: Double = 1

    public init() {}

    public static let shorthandKey: String? = "alpha"
    public static let keys: [Key<Swish>] = [
        Key("alpha", \.alpha, "slope of the logistic function")
    ]

    public func value(_ x: Double) -> Double { x / (1 + exp(-alpha * x)) }
}
