import TesseraCore

/// True where one input is, but not both.
public struct LogicalXor: Logical, Equatable {
    public static let name = "logical_xor"
    public static let summary = "True where one input is, but not both"
    public static let keys: [Key<LogicalXor>] = []

    public init() {}

    public func holds(_ a: Bool, _ b: Bool) -> Bool { a != b }
}
