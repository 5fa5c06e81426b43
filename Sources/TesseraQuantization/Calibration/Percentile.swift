import TesseraCore

/// The smallest magnitude that a part of all numbers does not exceed.
public struct Percentile: Calibrator, Configurable, Equatable {
    public static let name = "percentile"
    public static let summary = "all but the largest magnitudes, a given part of all numbers"

    /// In percent.
    public var percentile = 99.99

    public init() {}

    public init(_ percentile: Double) { self.percentile = percentile }

    public static let shorthandKey: String? = "percentile"
    public static let keys: [Key<Percentile>] = [
        Key("percentile", \.percentile, "the part of the numbers that is covered, in percent, above 50 and at most 100")
    ]

    public func validate() throws {
        guard percentile > 50, percentile <= 100 else {
            throw TesseraError(
                .invalidArgument, "expected 'percentile' above 50 and at most 100, found \(percentile)")
        }
    }

    public func range(of histogram: ActivationHistogram, bits: Int) -> ClosedRange<Float> {
        let wanted = Double(histogram.count) * percentile / 100
        var covered = Double(histogram.zeros)
        for (bin, count) in histogram.magnitudes.enumerated() {
            covered += Double(count)
            if covered >= wanted { return histogram.range(upTo: Float(bin + 1) * histogram.width) }
        }
        return histogram.minimum...histogram.maximum
    }
}
