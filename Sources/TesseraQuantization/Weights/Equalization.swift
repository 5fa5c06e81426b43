import TesseraCore
import TesseraOperators

/// Cross-layer equalization: where one layer alone reads another's channels, with nothing but a relu in between, a channel can be divided
/// by a number in the first and multiplied by it in the second. With the root of the ratio of both ranges, they become the same
/// (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019).
extension QuantizableNetwork {
    /// Ranges of a layer's neighbours change with its own, so that it takes several rounds.
    private static let rounds = 8
    private static let limits: ClosedRange<Float> = 1e-2...1e2

    func equalized() throws -> QuantizableNetwork {
        let readers = graph.soleReaders
        let byID = Dictionary(uniqueKeysWithValues: layers.map { ($0.id, $0) })
        let pairs = layers.compactMap { layer -> (first: Layer, second: Layer)? in
            guard layer.op is Conv, var next = readers[layer.node.outputs[0]] else { return nil }
            if graph.nodes[next].op is Relu, let after = readers[graph.nodes[next].outputs[0]] { next = after }
            guard let second = byID[next], second.op is Conv else { return nil }
            return (layer, second)
        }
        var current = self
        for _ in 0..<Self.rounds {
            for pair in pairs { current = try current.equalizing(pair.first.name, pair.second.name) }
        }
        return current
    }

    private func equalizing(_ firstName: String, _ secondName: String) throws -> QuantizableNetwork {
        guard let first = layers.first(where: { $0.name == firstName }),
            let second = layers.first(where: { $0.name == secondName })
        else { return self }
        var (rows, columns) = (try first.weight.rows(), try second.weight.rows())
        var bias = try first.bias?.floats()
        let kernel = second.weight.shape.dimensions.dropFirst(2).reduce(1, *)
        let inputs = second.weight.shape[1]
        let perGroup = second.channels / second.groups
        for channel in 0..<first.channels {
            // The rows of the second layer that read the channel, and where in them.
            let readers = channel / inputs * perGroup..<(channel / inputs + 1) * perGroup
            let place = channel % inputs * kernel..<(channel % inputs + 1) * kernel
            let made = rows[channel].reduce(0) { max($0, $1.magnitude) }
            let read = readers.flatMap { columns[$0][place] }.reduce(0) { max($0, $1.magnitude) }
            guard made > 0, read > 0 else { continue }
            let factor = min(max((made / read).squareRoot(), Self.limits.lowerBound), Self.limits.upperBound)
            for index in rows[channel].indices { rows[channel][index] /= factor }
            bias?[channel] /= factor
            for row in readers { for index in place { columns[row][index] *= factor } }
        }
        var changed = [
            "\(firstName).weight": try Tensor(Array(rows.joined()), shape: first.weight.shape),
            "\(secondName).weight": try Tensor(Array(columns.joined()), shape: second.weight.shape),
        ]
        if let bias { changed["\(firstName).bias"] = try Tensor(bias, shape: [bias.count]) }
        return replacing(changed)
    }
}
