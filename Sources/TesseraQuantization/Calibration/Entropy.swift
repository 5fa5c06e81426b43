import Foundation
import TesseraCore

/// The magnitude at which saturated and rounded numbers are distributed most like the numbers themselves, by their
/// Kullback-Leibler divergence (Migacz, "8-bit Inference with TensorRT", 2017).
public struct Entropy: Calibrator, Configurable, Equatable {
    public static let name = "entropy"
    public static let summary = "the range with the smallest Kullback-Leibler divergence from what was seen"

    public init() {}

    public static let shorthandKey: String? = nil
    public static let keys: [Key<Entropy>] = []

    /// Bins by which the ranges that are tried differ.
    private static let stride = 8

    public func range(of histogram: ActivationHistogram, bits: Int) -> ClosedRange<Float> {
        let bins = histogram.magnitudes.map(Double.init)
        let isSigned = histogram.minimum < 0
        // Integers for magnitudes: half of all if there are numbers on both sides of zero.
        let levels = isSigned ? 1 << (bits - 1) : 1 << bits
        guard let last = bins.lastIndex(where: { $0 > 0 }), last >= levels else {
            return histogram.minimum...histogram.maximum
        }
        var best = (divergence: Double.infinity, end: bins.count)
        var outside = bins.reduce(0, +) - bins[..<levels].reduce(0, +)
        // All that was seen is among them.
        for end in Array(Swift.stride(from: levels, through: last, by: Self.stride)) + [last + 1] {
            let divergence = Self.divergence(bins[..<end], outside: outside, levels: levels)
            if divergence < best.divergence { best = (divergence, end) }
            let next = min(end + Self.stride, bins.count)
            outside -= bins[end..<next].reduce(0, +)
        }
        return histogram.range(upTo: Float(best.end) * histogram.width)
    }

    /// How far the bins with what lies outside in the last one are from the same spread evenly over each level's bins.
    private static func divergence(_ bins: ArraySlice<Double>, outside: Double, levels: Int) -> Double {
        let count = bins.count
        let reference = bins.dropLast() + [(bins.last ?? 0) + outside]
        let total = reference.reduce(0, +)
        var quantized = [Double](repeating: 0, count: count)
        for level in 0..<levels {
            let range = level * count / levels..<(level + 1) * count / levels
            let own = range.filter { bins[bins.startIndex + $0] > 0 }
            guard !own.isEmpty else { continue }
            let mean = range.reduce(0) { $0 + bins[bins.startIndex + $1] } / Double(own.count)
            for bin in own { quantized[bin] = mean }
        }
        let inside = quantized.reduce(0, +)
        guard total > 0, inside > 0 else { return .infinity }
        var divergence = 0.0
        for (p, q) in zip(reference, quantized) where p > 0 {
            // What only saturated numbers fill has a divergence that is large, not infinite.
            divergence += p / total * log(p / total / max(q / inside, 1e-12))
        }
        return divergence
    }
}
