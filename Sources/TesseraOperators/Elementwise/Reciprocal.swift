import TesseraCore

/// 1 / x.
public struct Reciprocal: DifferentiableUnary, Equatable {
    public static let name = "reciprocal"
    public static let summary = "Reciprocal, 1 / x"
    public static let keys: [Key<Reciprocal>] = []

    public init() {}

    public func value(_ x: Double) -> Double { 1 / x }
    public func derivative(_ x: Double) -> Double { -1 / (x * x) }
}
