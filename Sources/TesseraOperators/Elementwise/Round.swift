import TesseraCore

/// The nearest integer; of two that are as near, the even one.
public struct Round: PointwiseUnary, Equatable {
    public static let name = "round"
    public static let summary = "Rounding to the nearest, half to even"
    public static let keys: [Key<Round>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x.rounded(.toNearestOrEven) }
}
