import TesseraCore

/// x where it is positive, slope · x elsewhere.
public struct LeakyRelu: DifferentiableUnary, Equatable {
    public static let name = "leaky_relu"
    public static let summary = "x if positive, else slope · x"

    public var slope: Float = 0.01

    public init() {}

    public static let shorthandKey: String? = "slope"
    public static let keys: [Key<LeakyRelu>] = [Key("slope", \.slope, "factor of negative values")]

    public func value(_ x: Double) -> Double { x > 0 ? x : Double(slope) * x }
    public func derivative(_ x: Double) -> Double { x > 0 ? 1 : Double(slope) }
}
