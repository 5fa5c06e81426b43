import TesseraCore

/// max(x, 0).
public struct Relu: DifferentiableUnary, Equatable {
    public static let name = "relu"
    public static let summary = "Rectified linear unit, max(x, 0)"
    public static let keys: [Key<Relu>] = []

    public init() {}

    public static let takesIntegers = true
    public func value(_ x: Double) -> Double { x > 0 ? x : x.isNaN ? x : 0 }
    public func derivative(_ x: Double) -> Double { x > 0 ? 1 : 0 }
    public func integer<Integer: FixedWidthInteger & TensorElement>(_ x: Integer) -> Integer { max(x, 0) }
}
