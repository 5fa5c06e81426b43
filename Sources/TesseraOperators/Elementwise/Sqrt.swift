import TesseraCore

/// √x, NaN for negative x.
public struct Sqrt: PointwiseUnary, Equatable {
    public static let name = "sqrt"
    public static let summary = "Square root"
    public static let keys: [Key<Sqrt>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x.squareRoot() }
}
