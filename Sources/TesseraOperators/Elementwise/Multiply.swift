import TesseraCore

/// a · b, element by element.
public struct Multiply: DifferentiableBinary, Equatable {
    public static let name = "multiply"
    public static let summary = "Product of two inputs"
    public static let keys: [Key<Multiply>] = []

    public init() {}

    public func value(_ a: Double, _ b: Double) -> Double { a * b }
    public func derivatives(_ a: Double, _ b: Double) -> (Double, Double) { (b, a) }
    public func integer<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer { a &* b }
}
