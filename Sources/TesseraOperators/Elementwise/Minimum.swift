import TesseraCore

/// The smallest element of the inputs at each place; NaN where one is NaN.
public struct Minimum: PointwiseBinary, Equatable {
    public static let name = "minimum"
    public static let summary = "Smallest of the inputs"
    public static let keys: [Key<Minimum>] = []

    public init() {}

    public var inputCount: ClosedRange<Int> { 1...Int.max }
    public func value(_ a: Double, _ b: Double) -> Double { a.isNaN || a < b ? a : b }
    public func integer<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer { min(a, b) }
}
