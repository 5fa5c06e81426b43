import TesseraCore

/// x · min(max(x / 6 + 1/2, 0), 1).
public struct HardSwish: DifferentiableUnary, Equatable {
    public static let name = "hard_swish"
    public static let summary = "x · hard_sigmoid(x)"
    public static let keys: [Key<HardSwish>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x * min(max(x / 6 + 0.5, 0), 1) }
    public func derivative(_ x: Double) -> Double { x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1 }
}
