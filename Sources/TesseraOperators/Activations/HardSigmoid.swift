import TesseraCore

/// alpha · x + beta, from 0 to 1.
public struct HardSigmoid: DifferentiableUnary, Equatable {
    public static let name = "hard_sigmoid"
    public static let summary = "A line from 0 to 1"

    public var alpha: Double = 1.0 / 6
    public var beta: Double = 0.5

    public init() {}

    public static let keys: [Key<HardSigmoid>] = [
        Key("alpha", \.alpha, "slope of the line"),
        Key("beta", \.beta, "value at 0"),
    ]

    public func value(_ x: Double) -> Double { x.isNaN ? x : min(max(alpha * x + beta, 0), 1) }
    public func derivative(_ x: Double) -> Double { (0..<1).contains(alpha * x + beta) ? alpha : 0 }
}
