import TesseraCore

/// True where both inputs are.
public struct LogicalAnd: Logical, Equatable {
    public static let name = "logical_and"
    public static let summary = "True where both inputs are"
    public static let keys: [Key<LogicalAnd>] = []

    public init() {}

    public func holds(_ a: Bool, _ b: Bool) -> Bool { a && b }
}
