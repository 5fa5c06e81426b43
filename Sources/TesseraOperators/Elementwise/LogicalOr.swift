import TesseraCore

/// True where one input is, or both.
public struct LogicalOr: Logical, Equatable {
    public static let name = "logical_or"
    public static let summary = "True where one input is, or both"
    public static let keys: [Key<LogicalOr>] = []

    public init() {}

    public func holds(_ a: Bool, _ b: Bool) -> Bool { a || b }
}
