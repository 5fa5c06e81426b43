import TesseraCore

/// x / (1 + |x|).
public struct Softsign: PointwiseUnary, Equatable {
    public static let name = "softsign"
    public static let summary = "x / (1 + |x|)"
    public static let keys: [Key<Softsign>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x / (1 + abs(x)) }
}
