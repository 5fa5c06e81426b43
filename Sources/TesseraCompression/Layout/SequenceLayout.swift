import TesseraCore

/// All weights in their order (METHODS.md B8), an output channel in each row.
public struct SequenceLayout: WeightLayout, Configurable {
    public static let name = "sequence"
    public static let summary = "all weights in their order"

    public init() {}

    public static let keys: [Key<SequenceLayout>] = []

    /// - Throws: `limitExceeded` if there are more samples than can be counted.
    public func frames(of geometry: WeightGeometry) throws -> FrameLayout { try FrameLayout(sequenceOf: geometry) }
}
