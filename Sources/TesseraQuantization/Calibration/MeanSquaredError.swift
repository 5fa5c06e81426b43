import TesseraCore

/// The range with the smallest mean squared error: of what is saturated, and of what is rounded, which is a twelfth of the
/// squared step.
public struct MeanSquaredError: Calibrator, Configurable, Equatable {
    public static let name = "mse"
    public static let summary = "the range with the smallest mean squared error"

    /// How many ranges are tried.
    public var steps = 128

    public init() {}

    public static let shorthandKey: String? = "steps"
    public static let keys: [Key<MeanSquaredError>] = [Key("steps", \.steps, "how many ranges are tried")]

    public func validate() throws {
        guard (2...4096).contains(steps) else {
            throw TesseraError(.invalidArgument, "expected 'steps' from 2 to 4096, found \(steps)")
        }
    }

    public func range(of histogram: ActivationHistogram, bits: Int) -> ClosedRange<Float> {
        let largest = max(-histogram.minimum, histogram.maximum)
        guard largest > 0 else { return 0...0 }
        let ranges = (1...steps).map { histogram.range(upTo: largest * Float($0) / Float(steps)) }
        let errors = ranges.map { error($0, histogram, bits: bits) }
        return ranges[errors.indices.min { errors[$0] < errors[$1] } ?? steps - 1]
    }

    private func error(_ range: ClosedRange<Float>, _ histogram: ActivationHistogram, bits: Int) -> Double {
        let step = Double(range.upperBound - range.lowerBound) / Double(1 << bits - 1)
        return side(histogram.positive, Double(range.upperBound), histogram, step: step)
            + side(histogram.negative, Double(-range.lowerBound), histogram, step: step)
    }

    private func side(_ bins: [Int], _ limit: Double, _ histogram: ActivationHistogram, step: Double) -> Double {
        var error = 0.0
        for (bin, count) in bins.enumerated() where count > 0 {
            let excess = (Double(bin) + 0.5) * Double(histogram.width) - limit
            error += Double(count) * (excess > 0 ? excess * excess : step * step / 12)
        }
        return error
    }
}
