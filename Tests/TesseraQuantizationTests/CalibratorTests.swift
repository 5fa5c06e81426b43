import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct CalibratorTests {
    private func histogram(_ parts: [[Float]]) throws -> ActivationHistogram {
        var histogram = ActivationHistogram()
        for part in parts { try histogram.add(Tensor(part, shape: [part.count])) }
        return histogram
    }

    @Test("bins widen as numbers grow, in whatever order they come, and nothing is lost")
    func widening() throws {
        var generator = SeededGenerator(seed: 1)
        let numbers = (0..<500).map { _ in Float.random(in: -1...1, using: &generator) }
        let large: [Float] = [-40, 0, 300, 7]
        let (a, b) = (try histogram([numbers, large]), try histogram([large, numbers]))
        #expect(a.positive == b.positive && a.negative == b.negative && a.width == b.width)
        #expect(a.count == 504 && a.zeros == 1 && a.minimum == -40 && a.maximum == 300)
        #expect(a.positive[Int(300 / a.width)] == 1 && a.negative[Int(40 / a.width)] == 1)
        // The last bin that is needed lies in the second half.
        #expect(300 / a.width >= 1024 && 300 / a.width < 2048)
    }

    @Test func minMaxIsAllThatWasSeen() throws {
        #expect(MinMax().range(of: try histogram([[-2, 5], [9, 0]]), bits: 8) == -2...9)
        #expect(MinMax().range(of: try histogram([[3, 5]]), bits: 8) == 0...5)
    }

    @Test("the percentile leaves out the outliers, and no more")
    func percentile() throws {
        let numbers = (1...1000).map { Float($0) / 1000 } + [100]
        let range = Percentile(99.9).range(of: try histogram([numbers]), bits: 8)
        #expect(range.lowerBound == 0 && range.upperBound >= 0.999 && range.upperBound < 1.2)
        #expect(Percentile(100).range(of: try histogram([numbers]), bits: 8).upperBound == 100)
    }

    @Test("the error is smallest where trying every range finds it smallest", arguments: [4, 8])
    func meanSquaredError(bits: Int) throws {
        var generator = SeededGenerator(seed: 3)
        // Normal numbers and a large one.
        let numbers =
            (0..<4000).map { _ in
                (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0...1, using: &generator) }
            }
            + [30]
        let range = MeanSquaredError().range(of: try histogram([numbers]), bits: bits)
        func error(_ range: ClosedRange<Float>) -> Float {
            let scale = QuantizationScale.covering(range, bits: bits)
            return numbers.reduce(0) { $0 + ($1 - scale.rounded($1)) * ($1 - scale.rounded($1)) }
        }
        let low = numbers.min() ?? 0
        let best = (1...60).map { error(max(low, -Float($0) / 2)...Float($0) / 2) }.min() ?? 0
        #expect(error(range) <= best * 1.1)
        #expect(bits == 8 || range.upperBound < 15)
    }

    @Test("the entropy of a distribution with far outliers cuts them off, and that of a uniform one cuts nothing")
    func entropy() throws {
        var generator = SeededGenerator(seed: 4)
        let uniform = (0..<50_000).map { _ in Float.random(in: 0...1, using: &generator) }
        #expect(try Entropy().range(of: histogram([uniform]), bits: 8).upperBound > 0.95)
        // An exponential distribution, whose shape would be lost in steps as large as the outliers demand.
        let tail = uniform.map { -0.5 * Float(log(Double(max($0, 1e-6)))) } + [30, 30, 30]
        #expect(try Entropy().range(of: histogram([tail]), bits: 8).upperBound < 15)
    }

    @Test func whatIsNoNumberIsRefused() throws {
        expectError(.invalidArgument, "finite numbers") { _ = try histogram([[1, .nan]]) }
        expectError(.invalidArgument, "finite numbers") { _ = try histogram([[-.infinity]]) }
    }

    @Test("zero stands for itself, and the ends of a range come back")
    func scales() {
        for range: ClosedRange<Float> in [0...6, -1...3, -2...0, 0...0, -0.001...1000] {
            let scale = QuantizationScale.covering(range)
            #expect(scale.rounded(0) == 0)
            #expect(abs(scale.rounded(range.upperBound) - range.upperBound) <= scale.scale)
            #expect(abs(scale.rounded(range.lowerBound) - range.lowerBound) <= scale.scale)
        }
        #expect(QuantizationScale.covering(0...6).zeroPoint == 0)
        #expect(QuantizationScale.covering(-1...1, bits: 4).range == 0...15)
    }
}
