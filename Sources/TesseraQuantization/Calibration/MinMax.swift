import TesseraCore

/// All that was seen.
public struct MinMax: Calibrator, Configurable, Equatable {
    public static let name = "minmax"
    public static let summary = "from the smallest number that was seen to the largest"

    public init() {}

    public static let shorthandKey: String? = nil
    public static let keys: [Key<MinMax>] = []

    public func range(of histogram: ActivationHistogram, bits: Int) -> ClosedRange<Float> {
        histogram.minimum...histogram.maximum
    }
}
