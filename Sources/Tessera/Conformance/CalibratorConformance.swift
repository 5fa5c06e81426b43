import TesseraCore
import TesseraQuantization

/// What every calibration method must do, as checks.
struct CalibratorConformance: Sendable {
    private let calibrator: any Calibrator
    private let seed: UInt64

    private static let bits = [2, 4, 8, 16]

    init(_ calibrator: any Calibrator, seed: UInt64) { (self.calibrator, self.seed) = (calibrator, seed) }

    var checks: [ConformanceCheck] {
        [
            ConformanceCheck("every range is finite, and 0 lies in it, whatever was seen and for 2 to 16 bits") {
                for (name, histogram) in try histograms() {
                    for bits in Self.bits {
                        let range = try calibrator.range(of: histogram, bits: bits)
                        guard range.lowerBound.isFinite, range.upperBound.isFinite, range.contains(0) else {
                            throw BrokenPromise(
                                description:
                                    "expected a finite range around 0 of \(name) for \(bits) bits, found \(range)")
                        }
                    }
                }
            },
            ConformanceCheck("where numbers other than 0 were seen, the range is wider than nothing") {
                for (name, histogram) in try histograms() where histogram.zeros < histogram.count {
                    for bits in Self.bits {
                        let range = try calibrator.range(of: histogram, bits: bits)
                        guard range.upperBound > range.lowerBound else {
                            throw BrokenPromise(
                                description:
                                    "expected a range that is not empty of \(name) for \(bits) bits, found \(range)")
                        }
                    }
                }
            },
            ConformanceCheck("asked again, it gives the same range") {
                let ranges = try ranges()
                guard try self.ranges() == ranges else {
                    throw BrokenPromise(description: "expected the same ranges again, found others")
                }
            },
            ConformanceCheck("threads that use it at once get the same range") {
                let ranges = try ranges()
                try ConformanceCheck.atOnce { try self.ranges() == ranges }
            },
        ]
    }

    private func ranges() throws -> [ClosedRange<Float>] {
        try histograms().flatMap { histogram in
            try Self.bits.map { try calibrator.range(of: histogram.histogram, bits: $0) }
        }
    }

    /// What values of networks look like, and what they seldom do.
    private func histograms() throws -> [(name: String, histogram: ActivationHistogram)] {
        var numbers = ConformanceNumbers(seed: seed)
        let count = 4000
        let normal = (0..<count).map { _ in numbers.next() }
        var outlier = normal
        outlier[count / 2] = 1e6
        let cases: [(String, [Float])] = [
            ("nothing", []), ("zeros", Array(repeating: 0, count: 100)), ("one number", [3]),
            ("numbers around 0", normal),
            ("positive numbers", normal.map(abs)), ("negative numbers", normal.map { -abs($0) }),
            ("numbers with one that stands out", outlier), ("tiny numbers", normal.map { $0 * 1e-30 }),
            ("huge numbers", normal.map { $0 * 1e30 }),
        ]
        return try cases.map { name, values in
            var histogram = ActivationHistogram()
            if !values.isEmpty { try histogram.add(Tensor(values, shape: [values.count])) }
            return (name, histogram)
        }
    }
}
