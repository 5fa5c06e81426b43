import TesseraCore

/// min(max(x, 0), 6).
public struct Relu6: DifferentiableUnary, Equatable {
    public static let name = "relu6"
    public static let summary = "Rectified linear unit that ends at 6"
    public static let keys: [Key<Relu6>] = []

    public init() {}

    public static let takesIntegers = true
    public func value(_ x: Double) -> Double { x.isNaN ? x : min(max(x, 0), 6) }
    public func derivative(_ x: Double) -> Double { x > 0 && x < 6 ? 1 : 0 }
    public func integer<Integer: FixedWidthInteger & TensorElement>(_ x: Integer) -> Integer { min(max(x, 0), 6) }
}
