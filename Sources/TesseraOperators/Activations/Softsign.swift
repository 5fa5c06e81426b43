import TesseraCore

/// x / (1 + |x|).
public struct Softsign: DifferentiableUnary, Equatable {
    public static let name = "softsign"
    public static let summary = "x / (1 + |x|)"
    public static let keys: [Key<Softsign>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x / (1 + abs(x)) }
    public func derivative(_ x: Double) -> Double { 1 / ((1 + abs(x)) * (1 + abs(x))) }
}
