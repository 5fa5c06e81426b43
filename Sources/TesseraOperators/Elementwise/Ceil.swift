import TesseraCore

/// The smallest integer that is not below x.
public struct Ceil: PointwiseUnary, Equatable {
    public static let name = "ceil"
    public static let summary = "Rounding up"
    public static let keys: [Key<Ceil>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x.rounded(.up) }
}
