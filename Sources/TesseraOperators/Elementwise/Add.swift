import TesseraCore

/// a + b, element by element; of several inputs, from the first to the last.
public struct Add: DifferentiableBinary, Equatable {
    public static let name = "add"
    public static let summary = "Sum of the inputs"
    public static let keys: [Key<Add>] = []

    public init() {}

    public var inputCount: ClosedRange<Int> { 1...Int.max }
    public func value(_ a: Double, _ b: Double) -> Double { a + b }
    public func derivatives(_ a: Double, _ b: Double) -> (Double, Double) { (1, 1) }
    public func integer<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer { a &+ b }
}
