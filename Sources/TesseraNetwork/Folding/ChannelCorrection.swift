import TesseraCore
import TesseraOperators

/// What a layer after another one does to its output, channel by channel: y = scale · x + shift.
struct ChannelCorrection {
    /// One number for each channel, or one for all.
    var scale: [Double]
    var shift: [Double]
    var largestVariance: Double?
    /// The largest magnitude of its other parameters.
    var largestParameter = 0.0

    /// A batch normalization with these parameters.
    init(_ op: BatchNorm, _ parameters: [String: Tensor]) throws {
        (scale, shift) = try op.scaleAndShift(parameters)
        largestVariance = parameters["running_var"]?.reals().max()
        let others = parameters.filter { $0.key != "running_var" }.values
        largestParameter = others.flatMap { $0.reals() }.map(\.magnitude).max() ?? 0
    }

    /// Arithmetic with a constant, the first operand or the second; nil if it is none that a layer can take in.
    init?(_ op: any Operator, constant: Tensor, isFirst: Bool) {
        let numbers = constant.reals()
        switch op {
        case is Multiply: (scale, shift) = (numbers, [0])
        case is Add: (scale, shift) = ([1], numbers)
        case is Subtract: (scale, shift) = isFirst ? ([-1], numbers) : ([1], numbers.map { -$0 })
        case is Divide where !isFirst: (scale, shift) = (numbers.map { 1 / $0 }, [0])
        default: return nil
        }
        largestParameter = numbers.map(\.magnitude).max() ?? 0
    }
}

/// What a layer's weights and bias become: weight[c] · scale[c], and shift[c] as the bias of channel c. In binary64.
struct ChannelFolding {
    private(set) var scale: [Double]
    private(set) var shift: [Double]

    /// Nothing changed so far.
    init(bias: [Double]) {
        scale = [Double](repeating: 1, count: bias.count)
        shift = bias
    }

    /// This folding and then a correction; nil if what comes of it does not fit in binary32.
    ///
    /// - Parameter largest: the largest magnitude of each channel's weights before any folding.
    func followed(by correction: ChannelCorrection, largest: [Float]) -> ChannelFolding? {
        var result = self
        for channel in scale.indices {
            let factor = correction.scale[correction.scale.count == 1 ? 0 : channel]
            let summand = correction.shift[correction.shift.count == 1 ? 0 : channel]
            let (newScale, newShift) = (factor * scale[channel], factor * shift[channel] + summand)
            guard Self.fits(newScale, largest[channel]), Float(newShift).isFinite else { return nil }
            (result.scale[channel], result.shift[channel]) = (newScale, newShift)
        }
        return result
    }

    /// Whether the largest weight stays finite, and does not become so small that binary32 rounds it coarsely.
    private static func fits(_ scale: Double, _ largest: Float) -> Bool {
        let product = Float(scale * Double(largest)).magnitude
        return product.isFinite && (product >= .leastNormalMagnitude || scale == 0 || largest == 0)
    }
}
