import TesseraCore

/// True where a is equal to b, a == b; never where one is NaN.
public struct Equal: Comparison, Equatable {
    public static let name = "equal"
    public static let summary = "Whether a == b"
    public static let keys: [Key<Equal>] = []

    public init() {}

    public static let takesTruth = true
    public func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a == b }
}
