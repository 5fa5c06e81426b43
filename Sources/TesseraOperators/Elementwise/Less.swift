import TesseraCore

/// True where a is below b, a < b; never where one is NaN.
public struct Less: Comparison, Equatable {
    public static let name = "less"
    public static let summary = "Whether a < b"
    public static let keys: [Key<Less>] = []

    public init() {}

    public func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a < b }
}
