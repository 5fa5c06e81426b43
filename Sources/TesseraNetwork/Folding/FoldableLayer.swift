import TesseraCore
import TesseraOperators

/// A layer that others can be merged into: one of products with weights, and a sum for each output channel.
struct FoldableLayer {
    /// The operator as it is once something was merged: it has a bias.
    let biased: any Operator
    let hasBias: Bool
    let channels: Int
    let layout: WeightLayout
    /// The parameter that is scaled: integers stay as they are, and the numbers that they stand for change.
    let scaledParameter: String
    /// Whether channels are the last axis of the output, rather than the second.
    let hasChannelsLast: Bool

    /// Nil for any other layer.
    init?(_ op: any Operator) {
        let isInteger = ((op as? any IntegerWeights)?.weightBits ?? 0) > 0
        scaledParameter = isInteger ? "weight_scale" : "weight"
        switch op {
        case var conv as Conv:
            (hasBias, channels, layout, hasChannelsLast) = (
                conv.bias, conv.channels, isInteger ? .vector : .channelsFirst, false
            )
            conv.bias = true
            biased = conv
        case var conv as ConvTranspose:
            (hasBias, channels, hasChannelsLast) = (conv.bias, conv.channels, false)
            layout = .inputsFirst(groups: conv.groups)
            conv.bias = true
            biased = conv
        case var linear as Linear:
            (hasBias, channels, layout, hasChannelsLast) = (
                linear.bias, linear.features, isInteger ? .vector : .channelsFirst, true
            )
            linear.bias = true
            biased = linear
        default: return nil
        }
    }

    /// Whether arithmetic with a constant of this shape does the same to all of a channel, and leaves the shape as it is.
    ///
    /// - Parameter rank: the number of axes of the layer's output, nil if it is not known.
    func isPerChannel(_ constant: Shape, rank: Int?) -> Bool {
        // A convolution has 3 axes or more, a linear layer 1.
        guard constant.rank <= rank ?? (hasChannelsLast ? 1 : 3) else { return false }
        if constant.elementCount == 1 { return true }
        guard constant.elementCount == channels, let axis = constant.dimensions.firstIndex(of: channels) else {
            return false
        }
        if hasChannelsLast { return axis == constant.rank - 1 }
        return rank.map { constant.rank - axis == $0 - 1 } ?? false
    }

    /// Whether a batch normalization over the layer's output has the layer's channels.
    func isNormalizedPerChannel(rank: Int?) -> Bool { !hasChannelsLast || rank == 2 }
}
