import TesseraCore

/// √x, NaN for negative x.
public struct Sqrt: DifferentiableUnary, Equatable {
    public static let name = "sqrt"
    public static let summary = "Square root"
    public static let keys: [Key<Sqrt>] = []

    public init() {}

    public func value(_ x: Double) -> Double { x.squareRoot() }
    public func derivative(_ x: Double) -> Double { 0.5 / x.squareRoot() }
}
