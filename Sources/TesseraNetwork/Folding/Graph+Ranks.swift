import TesseraCore
import TesseraOperators

extension Graph {
    /// The number of axes of every value, as far as it follows from the kinds of layers; nil where it is not known.
    func symbolicRanks() -> [Int?] {
        var ranks = [Int?](repeating: nil, count: values.count)
        for input in inputs { ranks[input.value] = input.shape.dimensions.count }
        for node in nodes {
            let given = node.inputs.map { ranks[$0] }
            let rank = node.op.symbolicRank(given)
            for value in node.outputs { ranks[value] = rank }
        }
        return ranks
    }
}

extension Operator {
    /// The number of axes of the output.
    fileprivate func symbolicRank(_ inputs: [Int?]) -> Int? {
        switch self {
        case is any Broadcasting: return inputs.contains(nil) ? nil : inputs.compactMap { $0 }.max()
        case is Conv, is ConvTranspose, is Linear, is MaxPool, is AveragePool, is GlobalAveragePool, is GlobalMaxPool,
            is Pad, is Slice, is Concat, is Resize, is Softmax, is LogSoftmax, is LayerNorm, is GroupNorm,
            is InstanceNorm, is Transpose:
            return inputs.first ?? nil
        case let flatten as Flatten:
            guard let rank = inputs.first ?? nil else { return nil }
            let (first, last) = (flatten.axis, flatten.lastAxis)
            let joined = (last < 0 ? last + rank : last) - (first < 0 ? first + rank : first)
            return joined >= 0 && joined < rank ? rank - joined : nil
        case let reshape as Reshape: return inputs.count == 1 ? reshape.shape?.count : nil
        case let constant as Constant:
            return constant.shape?.count ?? constant.values.map { $0.count == 1 ? 0 : 1 } ?? 0
        default: return isPointwise && inputs.count == 1 ? inputs[0] : nil
        }
    }
}
