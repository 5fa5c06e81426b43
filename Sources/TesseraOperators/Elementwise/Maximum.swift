import TesseraCore

/// The largest element of the inputs at each place; NaN where one is NaN.
public struct Maximum: DifferentiableBinary, Equatable {
    public static let name = "maximum"
    public static let summary = "Largest of the inputs"
    public static let keys: [Key<Maximum>] = []

    public init() {}

    public var inputCount: ClosedRange<Int> { 1...Int.max }
    public func value(_ a: Double, _ b: Double) -> Double { a.isNaN || a > b ? a : b }
    public func derivatives(_ a: Double, _ b: Double) -> (Double, Double) { a > b ? (1, 0) : (0, 1) }
    public func integer<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer { max(a, b) }
}
