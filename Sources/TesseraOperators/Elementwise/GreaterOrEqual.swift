import TesseraCore

/// True where a is not below b, a >= b; never where one is NaN.
public struct GreaterOrEqual: Comparison, Equatable {
    public static let name = "greater_or_equal"
    public static let summary = "Whether a >= b"
    public static let keys: [Key<GreaterOrEqual>] = []

    public init() {}

    public func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a >= b }
}
