import Foundation
import TesseraCore
import TesseraNetwork
import TesseraOperators
import TesseraRuntime

/// Rounds every weight of a layer up or down so that the layer's outputs change least (AdaRound; Nagel et al., "Up or Down? Adaptive
/// Rounding for Post-Training Quantization", 2020).
///
/// A weight is scale · clip(⌊w / scale⌋ + h(v)), where h(v) = clip(1.2 · sigmoid(v) - 0.1, 0, 1) is what is learned, with Adam, from the
/// squared difference of the outputs and from a penalty 1 - |2 h - 1|^β that drives h to 0 or 1 while β falls.
struct AdaptiveRounding {
    /// What the layer reads for one pixel of its output: as many numbers as a row of weights has, for each sample.
    let patches: [Float]
    let count: Int
    var steps = 800
    var batch = 64
    var rate: Float = 0.01
    var penalty: Float = 0.01

    private static let (stretch, offset): (Float, Float) = (1.2, -0.1)

    /// - Parameters:
    ///   - weight: rows of one group, output channels first.
    ///   - limit: the largest integer.
    /// - Returns: the integers.
    /// - Throws: `limitExceeded` when the thread's `Deadline` is over.
    func integers(rows: [[Float]], scales: [Float], limit: Int, seed: Int) throws -> [[Int]] {
        let (outputs, inputs) = (rows.count, rows.first?.count ?? 0)
        // Inputs first, so that a step adds whole rows of outputs, which compilers make vectors of.
        var floors = [Float](repeating: 0, count: inputs * outputs)
        var exact = floors
        var variables = floors
        for output in 0..<outputs {
            for input in 0..<inputs {
                let (index, ratio) = (input * outputs + output, rows[output][input] / scales[output])
                floors[index] = ratio.rounded(.down)
                exact[index] = rows[output][input]
                let rest = min(max((ratio - floors[index] - Self.offset) / Self.stretch, 1e-3), 1 - 1e-3)
                variables[index] = log(rest / (1 - rest))
            }
        }
        var optimizer = Adam(count: variables.count, rate: rate)
        var generator = SplitMix64(seed: seed, name: "adaround")
        var (soft, slope, gradient) = (floors, floors, floors)
        var (difference, error) = (floors, [Float](repeating: 0, count: outputs))
        let low = Float(-limit)
        let high = Float(limit)
        for step in 0..<steps {
            try Deadline.check()
            for index in variables.indices {
                let sigmoid = 1 / (1 + exp(-variables[index]))
                let value = Self.stretch * sigmoid + Self.offset
                let isInside = value > 0 && value < 1
                soft[index] = min(max(value, 0), 1)
                slope[index] = isInside ? Self.stretch * sigmoid * (1 - sigmoid) : 0
            }
            for input in 0..<inputs {
                for output in 0..<outputs {
                    let index = input * outputs + output
                    difference[index] =
                        min(max(floors[index] + soft[index], low), high) * scales[output] - exact[index]
                    gradient[index] = 0
                }
            }
            for _ in 0..<batch {
                let sample = Int(generator.next() % UInt64(max(1, count)))
                accumulate(sample, difference, &error, &gradient, inputs: inputs, outputs: outputs)
            }
            // The first steps look for what is best, then β falls from 20 to 2.
            let progress = max(0, (Float(step) / Float(steps) - 0.2) / 0.8)
            let beta = 2 + 9 * (1 + cos(progress * .pi))
            for input in 0..<inputs {
                for output in 0..<outputs {
                    let index = input * outputs + output
                    let whole = floors[index] + soft[index]
                    var own = whole > low && whole < high ? gradient[index] * scales[output] / Float(batch) : 0
                    if progress > 0 {
                        let centred = 2 * soft[index] - 1
                        own -=
                            penalty * scales[output] * scales[output] * 2 * beta * pow(abs(centred), beta - 1)
                            * (centred < 0 ? -1 : 1)
                    }
                    gradient[index] = own * slope[index] / max(scales[output] * scales[output], 1e-20)
                }
            }
            optimizer.step(&variables, gradient)
        }
        return (0..<outputs).map { output in
            (0..<inputs).map { input in
                let index = input * outputs + output
                let isUp = Self.stretch / (1 + exp(-variables[index])) + Self.offset >= 0.5
                return Int(min(max(floors[index] + (isUp ? 1 : 0), low), high))
            }
        }
    }

    /// Adds one sample's part of the gradient: 2 · (difference · x) ⊗ x.
    private func accumulate(
        _ sample: Int, _ difference: [Float], _ error: inout [Float], _ gradient: inout [Float], inputs: Int,
        outputs: Int
    ) {
        patches.withUnsafeBufferPointer { patches in
            difference.withUnsafeBufferPointer { difference in
                error.withUnsafeMutableBufferPointer { error in
                    gradient.withUnsafeMutableBufferPointer { gradient in
                        for output in 0..<outputs { error[output] = 0 }
                        for input in 0..<inputs {
                            let x = patches[sample &* inputs &+ input]
                            if x == 0 { continue }
                            let row = input &* outputs
                            for output in 0..<outputs { error[output] += x * difference[row &+ output] }
                        }
                        for input in 0..<inputs {
                            let x = 2 * patches[sample &* inputs &+ input]
                            if x == 0 { continue }
                            let row = input &* outputs
                            for output in 0..<outputs { gradient[row &+ output] += x * error[output] }
                        }
                    }
                }
            }
        }
    }
}

/// Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015.
private struct Adam {
    private var mean: [Float]
    private var square: [Float]
    private let rate: Float
    private var (meanPower, squarePower): (Float, Float) = (1, 1)

    init(count: Int, rate: Float) {
        mean = [Float](repeating: 0, count: count)
        square = mean
        self.rate = rate
    }

    mutating func step(_ variables: inout [Float], _ gradient: [Float]) {
        meanPower *= 0.9
        squarePower *= 0.999
        for index in variables.indices {
            mean[index] = 0.9 * mean[index] + 0.1 * gradient[index]
            square[index] = 0.999 * square[index] + 0.001 * gradient[index] * gradient[index]
            let root = (square[index] / (1 - squarePower)).squareRoot()
            variables[index] -= rate * (mean[index] / (1 - meanPower)) / (root + 1e-8)
        }
    }
}

extension NetworkQuantizer {
    /// Pixels of a layer's output that rounding is learned with.
    private static let patchCount = 1024

    /// The integers of a layer, each rounded up or down so that its outputs change least; nil for one whose inputs were not kept.
    func rounded(
        _ layer: QuantizableNetwork.Layer, _ quantizer: WeightQuantizer, _ scales: [Float],
        reads scale: QuantizationScale?
    ) throws -> Tensor? {
        let name = source.graph.values[layer.input].name
        var inputs: [Tensor] = []
        for sample in samples {
            let graph = try source.showing([layer.input]).bound(inputs: sample.mapValues(\.shape))
            if let tensor = try Session(graph, backend: backend, options: options).run(sample)[name] {
                inputs.append(tensor)
            }
            if inputs.reduce(0, { $0 + ($1.shape.dimensions.first ?? 1) }) >= 64 { break }
        }
        guard !inputs.isEmpty else { return nil }
        let rows = try layer.weight.rows()
        let perGroup = layer.channels / layer.groups
        var result: [[Int]] = []
        for group in 0..<layer.groups {
            let range = group * perGroup..<(group + 1) * perGroup
            let patches = try PatchSampler(layer: layer, group: group, seed: group)
                .patches(of: inputs, count: Self.patchCount)
            // The rounding makes good for what the layer reads once that is quantized, too.
            let read = patches.map { scale?.rounded($0) ?? $0 }
            let rounding = AdaptiveRounding(patches: read, count: Self.patchCount)
            result += try rounding.integers(
                rows: Array(rows[range]), scales: Array(scales[range]), limit: quantizer.limit, seed: layer.id)
        }
        return try Tensor(integers: result.joined().map(Int64.init), shape: layer.weight.shape, elementType: .i8)
    }
}

/// Takes what a layer reads for pixels of its output that are drawn at random.
private struct PatchSampler {
    let layer: QuantizableNetwork.Layer
    let group: Int
    let seed: Int

    /// As many numbers as a row of weights has, for each patch.
    func patches(of inputs: [Tensor], count: Int) throws -> [Float] {
        var generator = SplitMix64(seed: seed, name: layer.name)
        let width = layer.weight.shape.dimensions.dropFirst().reduce(1, *)
        var result = [Float](repeating: 0, count: count * width)
        for patch in 0..<count {
            let input = inputs[Int(generator.next() % UInt64(inputs.count))]
            let values = try place(in: input, using: &generator)
            try input.withFloats { numbers in
                for (index, offset) in values where offset >= 0 { result[patch * width + index] = numbers[offset] }
            }
        }
        return result
    }

    /// Where in the input each number of one patch lies; what lies in the padding is left out.
    private func place(in input: Tensor, using generator: inout SplitMix64) throws -> [(index: Int, offset: Int)] {
        func random(_ count: Int) -> Int { Int(generator.next() % UInt64(max(1, count))) }
        guard let conv = layer.op as? Conv else {
            let width = layer.weight.shape[1]
            let row = random(input.elementCount / max(1, width))
            return (0..<width).map { ($0, row * width + $0) }
        }
        let window = try conv.window(over: input.shape)
        let sizes = Array(input.shape.spatial)
        let position = try window.output(of: input.shape, channels: 1).spatial.map { random($0) }
        let (pixels, kernel) = (sizes.reduce(1, *), window.kernelSizes.reduce(1, *))
        let channels = layer.weight.shape[1]
        let first = (random(input.shape[0]) * input.shape[1] + group * channels) * pixels
        var result: [(Int, Int)] = []
        window.forEachElement(at: Array(position), sizes: sizes) { element, pixel in
            for channel in 0..<channels {
                result.append((channel * kernel + element, first + channel * pixels + pixel))
            }
        }
        return result
    }
}
