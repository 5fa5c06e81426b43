import TesseraCore

/// Says which numbers of a value the integers that stand for it are to cover; what lies beyond is saturated.
public protocol Calibrator: Sendable {
    /// - Parameters:
    ///   - histogram: what was seen of the value.
    ///   - bits: of the integers.
    /// - Returns: a range that 0 lies in.
    func range(of histogram: ActivationHistogram, bits: Int) throws -> ClosedRange<Float>
}

extension Registry where Product == any Calibrator {
    /// Every calibration method.
    public static var builtin: Registry<any Calibrator> {
        Registry(
            kind: "calibration method",
            [
                Module(Entropy.self, name: Entropy.name, summary: Entropy.summary) { $0 },
                Module(MeanSquaredError.self, name: MeanSquaredError.name, summary: MeanSquaredError.summary) { $0 },
                Module(MinMax.self, name: MinMax.name, summary: MinMax.summary) { $0 },
                Module(Percentile.self, name: Percentile.name, summary: Percentile.summary) { $0 },
            ])
    }
}
