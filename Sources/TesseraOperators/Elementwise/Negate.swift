import TesseraCore

/// -x.
public struct Negate: DifferentiableUnary, Equatable {
    public static let name = "negate"
    public static let summary = "Negation"
    public static let keys: [Key<Negate>] = []

    public init() {}

    public static let takesIntegers = true
    public func value(_ x: Double) -> Double { -x }
    public func derivative(_ x: Double) -> Double { -1 }
    public func integer<Integer: FixedWidthInteger & TensorElement>(_ x: Integer) -> Integer { 0 &- x }
}
