import TesseraCore

/// True where x is false.
public struct LogicalNot: PointwiseUnary, Equatable {
    public static let name = "logical_not"
    public static let summary = "Negation of truth values"
    public static let keys: [Key<LogicalNot>] = []

    public init() {}

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { $0 == .bool }]
    }

    public func value(_ x: Double) -> Double { x == 0 ? 1 : 0 }
}
