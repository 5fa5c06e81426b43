import Foundation
import TesseraCore
import TesseraOperators

/// A layer whose weights are integers.
public struct QuantizedLayer: Sendable {
    public let name: String
    /// Of the integers.
    public let bits: Int
    /// That each takes in a file.
    let storedBits: Int
    let integers: Tensor
    /// One for each output channel.
    public let scales: [Float]
    var bias: [Float]?
    /// The value that it reads, and how that is quantized.
    public let input: String
    public let reads: QuantizationScale?
    /// The power of the weights over that of what rounding changes, in decibels.
    public internal(set) var weightError = Double.infinity

    /// The numbers that the integers stand for.
    var numbers: Tensor {
        get throws {
            let values: [Int8] = try integers.elements()
            let count = max(1, values.count / max(1, scales.count))
            return try Tensor(values.indices.map { Float(values[$0]) * scales[$0 / count] }, shape: integers.shape)
        }
    }

    /// What a weight file has for the layer.
    var tensors: [String: Tensor] {
        get throws {
            var result = [
                "\(name).weight": storedBits == 8
                    ? integers : try PackedIntegers.packed(integers, bits: storedBits),
                "\(name).weight_scale": try Tensor(scales, shape: [scales.count]),
            ]
            if let bias { result["\(name).bias"] = try Tensor(bias, shape: [bias.count]) }
            return result
        }
    }

    /// Takes from the bias what rounding the weights adds to the outputs on average: Σ (rounded - weight) · mean of the input channel.
    /// Padding is left out of account (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019).
    ///
    /// - Parameter means: of the channels that the layer reads.
    mutating func correctBias(_ layer: QuantizableNetwork.Layer, means: [Double]) throws {
        let (rounded, exact) = (try numbers.rows(), try layer.weight.rows())
        let inputs = layer.weight.shape[1]
        let kernel = layer.weight.shape.dimensions.dropFirst(2).reduce(1, *)
        guard means.count == inputs * layer.groups else { return }
        var bias = bias ?? [Float](repeating: 0, count: layer.channels)
        for channel in 0..<layer.channels {
            let first = channel / (layer.channels / layer.groups) * inputs
            var shift = 0.0
            for index in rounded[channel].indices {
                shift += Double(rounded[channel][index] - exact[channel][index]) * means[first + index / kernel]
            }
            bias[channel] -= Float(shift)
        }
        self.bias = bias
    }
}

extension QuantizedLayer {
    /// Makes biases multiples of the steps in which sums of products are counted: elsewhere they are integers of 32 bits, and so
    /// other runtimes come to the same results.
    mutating func roundBias() {
        guard let reads, let own = bias else { return }
        bias = zip(own, scales).map { number, scale in
            let step = Double(reads.scale) * Double(scale)
            let integer = (Double(number) / step).rounded(.toNearestOrEven)
            return integer.magnitude < Double(Int32.max) ? Float(integer * step) : number
        }
    }
}

/// The power of a signal over that of its error.
struct SignalRatio {
    private(set) var signal = 0.0
    private(set) var noise = 0.0

    init() {}

    init(of found: Tensor, against exact: Tensor) throws { try add(found, exact) }

    mutating func add(_ found: Tensor, _ exact: Tensor) throws {
        try found.withFloats { found in
            try exact.withFloats { exact in
                for index in 0..<min(found.count, exact.count) {
                    let (number, difference) = (Double(exact[index]), Double(found[index]) - Double(exact[index]))
                    signal += number * number
                    noise += difference * difference
                }
            }
        }
    }

    /// Infinite without any error; no number if there was one that is none.
    var decibels: Double { noise == 0 ? .infinity : 10 * Self.log10(signal / noise) }

    private static func log10(_ x: Double) -> Double { Foundation.log10(x) }
}
