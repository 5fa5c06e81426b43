import TesseraCore

/// x where it is above alpha, 0 elsewhere.
public struct ThresholdedRelu: DifferentiableUnary, Equatable {
    public static let name = "thresholded_relu"
    public static let summary = "x if above a threshold, else 0"

    public var alpha: Double = 1

    public init() {}

    public static let shorthandKey: String? = "alpha"
    public static let keys: [Key<ThresholdedRelu>] = [
        Key("alpha", \.alpha, "the threshold")
    ]

    public func value(_ x: Double) -> Double { x > alpha || x.isNaN ? x : 0 }
    public func derivative(_ x: Double) -> Double { x > alpha ? 1 : 0 }
}
