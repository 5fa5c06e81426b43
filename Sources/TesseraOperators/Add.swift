import TesseraCore

/// a + b, element by element.
public struct Add: PointwiseBinary, Equatable {
    public static let name = "add"
    public static let summary = "Sum of two inputs"
    public static let keys: [Key<Add>] = []

    public init() {}

    public func value(_ a: Float, _ b: Float) -> Float { a + b }
}
