import TesseraCore

/// 1, 0 or -1, as x is above, equal to or below 0; NaN for NaN.
public struct Sign: PointwiseUnary, Equatable {
    public static let name = "sign"
    public static let summary = "Sign: 1, 0 or -1"
    public static let keys: [Key<Sign>] = []

    public init() {}

    public static let takesIntegers = true
    public func value(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : x.isNaN ? x : 0 }
    public func integer<Integer: FixedWidthInteger & TensorElement>(_ x: Integer) -> Integer {
        x == 0 ? 0 : x > 0 ? 1 : 0 &- 1
    }
}
