import Foundation
import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraCompression

/// Two quantizers that take turns.
@Suite struct DependentQuantizationTests {
    private func normal(_ shape: Shape, seed: UInt64) throws -> Tensor {
        var random = SplitMix64(seed: Int(seed), name: "weights")
        return try Tensor((0..<shape.elementCount).map { _ in random.normal() }, shape: shape)
    }

    @Test("numbers stand for what the states say, by hand, and each row begins anew")
    func values() {
        // States: 0, an odd number leads to 2, another to 3, which has the second quantizer: 2 is 1.5 steps there. An even one leads to
        // 6, and an odd one from there to 1, where -1 is half a step.
        var weights: [Float] = [1, 1, 2, -1, -1, 3, 0, 0, 0, 0].map { $0 * 0.5 }
        weights.withUnsafeMutableBufferPointer { DependentQuantization(step: 0.5, rowLength: 5).place($0) }
        #expect(weights == [1, 1, 1.5, -1, -0.5, 3, 0, 0, 0, 0].map { $0 * 0.5 })
    }

    @Test(
        "numbers are the best of all ways along a short row, which all of them are tried for",
        arguments: propertySeeds(20))
    func best(seed: UInt64) throws {
        let weights = try normal([1, 5], seed: seed).floats()
        let quantization = DependentQuantization(step: 0.8, rowLength: 5)
        func distance(_ numbers: [Int32]) -> Double {
            var values = numbers.map { Float($0) * 0.8 }
            values.withUnsafeMutableBufferPointer { quantization.place($0) }
            return zip(values, weights).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        }
        var least = Double.infinity
        let range = -7...7
        for index in 0..<Int(pow(Double(range.count), 5)) {
            var (rest, numbers) = (index, [Int32]())
            for _ in 0..<5 {
                numbers.append(Int32(rest % range.count + range.lowerBound))
                rest /= range.count
            }
            least = min(least, distance(numbers))
        }
        let found = weights.withUnsafeBufferPointer { quantization.numbers(of: $0, price: 0) }
        #expect(abs(distance(found) - least) < 1e-6, "seed \(seed): \(found)")
    }

    @Test(
        "errors and bytes are both smaller than those of one grid, and what is 0 stays 0", arguments: propertySeeds(3))
    func rate(seed: UInt64) throws {
        var tensor = try normal([64, 32, 3, 3], seed: seed)
        try tensor.withMutableFloats { floats in
            for index in stride(from: 0, to: floats.count, by: 7) { floats[index] = 0 }
        }
        let codec = try Registry<any WeightCodec>.builtin.make("context")
        func encoded(_ rounding: LayerSettings.Rounding) throws -> (bytes: Int, error: Double, weights: [Float]) {
            var settings = LayerSettings("context", codec)
            settings.rounding = rounding
            let layer = try LayerEncoder(CompressibleTensor("w", tensor)).encode(settings)
            let (found, exact) = (try layer.decoded.floats(), try tensor.floats())
            let error = zip(found, exact).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
            return (layer.byteCount, error, found)
        }
        for (grid, step) in [(0.5, 0.58), (1, 1.22), (1.6, 2.12)] {
            let (one, two) = (try encoded(.grid(step: grid)), try encoded(.dependent(step: step)))
            #expect(two.bytes < one.bytes, "seed \(seed): \(two.bytes) and \(one.bytes) bytes at \(grid)")
            #expect(two.error < one.error, "seed \(seed): \(two.error) and \(one.error) at \(grid)")
            #expect(stride(from: 0, to: two.weights.count, by: 7).allSatisfy { two.weights[$0] == 0 })
        }
    }

    @Test("numbers that stand for no number of binary32 are refused, in weights and in what a file says")
    func overflow() throws {
        let codec = try Registry<any WeightCodec>.builtin.make("zstd")
        var settings = LayerSettings("zstd", codec)
        settings.rounding = .dependent(step: 0.5)
        let huge = try Tensor([3.3e38, -1e38, 2.5e38, 1e38], shape: [1, 4])
        expectError(.invalidArgument, "below the largest of binary32") {
            _ = try LayerEncoder(CompressibleTensor("w", huge)).encode(settings)
        }
        let text = #"{"bits": 8, "minima": [-1.25e40], "steps": [1e38], "keepsZero": true, "dependent": true}"#
        let mapping = try JSONDecoder().decode(WeightMapping.self, from: Data(text.utf8))
        expectError(.malformedFile, "not valid") { try mapping.validate(outputs: 1) }
    }

    @Test("weights beyond all others, of one value and none are rounded, too")
    func extremes() throws {
        let codec = try Registry<any WeightCodec>.builtin.make("zstd")
        for values in [[0, 0, 0, 0], [3, 3, 3, 3], [1e-30, -1e-30, 0, 0], [1000, 0.001, -0.001, 0], [5]] as [[Float]] {
            for step in [1e-3, 0.5, 3] {
                var settings = LayerSettings("zstd", codec)
                settings.rounding = .dependent(step: step)
                let tensor = try Tensor(values, shape: [1, values.count])
                let layer = try LayerEncoder(CompressibleTensor("w", tensor)).encode(settings)
                let scale = (values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)).squareRoot()
                for (found, exact) in zip(try layer.decoded.floats(), values) {
                    // Zero is within three steps of what it may replace.
                    #expect(
                        Double(abs(found - exact)) <= 3 * step * max(scale, 1e-30), "\(values) by \(step): \(found)")
                }
            }
        }
    }
}
