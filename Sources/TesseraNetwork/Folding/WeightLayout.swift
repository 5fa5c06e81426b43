import TesseraCore

/// Where the weights of an output channel are in a layer's weight tensor.
enum WeightLayout: Sendable, Equatable {
    /// [channels, …]: `conv` and `linear`.
    case channelsFirst
    /// [input channels, channels / groups, …], where every group of input channels makes its own channels: `conv_transpose`.
    case inputsFirst(groups: Int)
    /// [channels], the scales of weights that are integers.
    case vector

    /// Whether a weight of this shape makes so many channels.
    func fits(_ shape: Shape, channels: Int) -> Bool {
        switch self {
        case .channelsFirst: shape.rank >= 2 && shape[0] == channels
        case .vector: shape == [channels]
        case .inputsFirst(let groups):
            shape.rank >= 3 && shape[0] % groups == 0 && shape[1] == channels / groups
        }
    }

    /// Calls `body` with every run of neighbouring weights of one channel.
    func forEachRun(in shape: Shape, channels: Int, _ body: (_ channel: Int, _ run: Range<Int>) -> Void) {
        guard shape.elementCount > 0 else { return }
        switch self {
        case .channelsFirst, .vector:
            let length = shape.elementCount / channels
            for channel in 0..<channels { body(channel, channel * length..<(channel + 1) * length) }
        case .inputsFirst(let groups):
            let (outputs, inputs) = (channels / groups, shape[0] / groups)
            let length = shape.elementCount / (shape[0] * outputs)
            for input in 0..<shape[0] {
                for output in 0..<outputs {
                    let start = (input * outputs + output) * length
                    body(input / inputs * outputs + output, start..<start + length)
                }
            }
        }
    }

    /// The largest magnitude of every channel's weights.
    func largestMagnitudes(of weight: Tensor, channels: Int) throws -> [Float] {
        // Magnitudes are in the order of their bits, which are compared faster.
        var bits = [UInt32](repeating: 0, count: channels)
        try weight.withFloats { weights in
            forEachRun(in: weight.shape, channels: channels) { channel, run in
                var largest = bits[channel]
                for index in run { largest = max(largest, weights[index].bitPattern & 0x7FFF_FFFF) }
                bits[channel] = largest
            }
        }
        return bits.map(Float.init(bitPattern:))
    }

    /// The weights times the factor of their channel, each rounded once.
    func scaled(_ weight: Tensor, by scale: [Double]) throws -> Tensor {
        var result = try Tensor(zeros: weight.shape)
        try weight.withFloats { weights in
            try result.withMutableFloats { results in
                forEachRun(in: weight.shape, channels: scale.count) { channel, run in
                    let factor = scale[channel]
                    for index in run { results[index] = Float(Double(weights[index]) * factor) }
                }
            }
        }
        return result
    }
}
