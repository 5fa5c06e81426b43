import TesseraCore

/// True where a is not above b, a <= b; never where one is NaN.
public struct LessOrEqual: Comparison, Equatable {
    public static let name = "less_or_equal"
    public static let summary = "Whether a <= b"
    public static let keys: [Key<LessOrEqual>] = []

    public init() {}

    public func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a <= b }
}
