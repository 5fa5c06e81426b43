import TesseraCore

/// The largest integer that is not above x.
public struct Floor: PointwiseUnary, Equatable {
    public static let name = "floor"
    public static let summary = "Rounding down"
    public static let keys: [Key<Floor>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x.rounded(.down) }
}
