import TesseraCore

/// True where a is above b, a > b; never where one is NaN.
public struct Greater: Comparison, Equatable {
    public static let name = "greater"
    public static let summary = "Whether a > b"
    public static let keys: [Key<Greater>] = []

    public init() {}

    public func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a > b }
}
