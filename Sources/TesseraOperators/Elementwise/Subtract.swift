import TesseraCore

/// a - b, element by element.
public struct Subtract: DifferentiableBinary, Equatable {
    public static let name = "subtract"
    public static let summary = "Difference of two inputs"
    public static let keys: [Key<Subtract>] = []

    public init() {}

    public func value(_ a: Double, _ b: Double) -> Double { a - b }
    public func derivatives(_ a: Double, _ b: Double) -> (Double, Double) { (1, -1) }
    public func integer<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer { a &- b }
}
