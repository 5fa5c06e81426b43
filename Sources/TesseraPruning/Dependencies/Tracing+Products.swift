import TesseraCore
import TesseraOperators

extension Linear: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        let last = layer.inputShapes[0].rank - 1
        for axis in 0..<last { layer.pass(axis) }
        if let read = layer.inputs[0][last] { layer.add(.reader, "weight", axis: 1, to: read) }
        let made = layer.units.make(features)
        layer.outputs[0][last] = made
        layer.add(.kernel, "weight", axis: 0, to: made)
        if bias { layer.add(.bias, "bias", axis: 0, to: made) }
    }

    func compacted(_ layer: CompactedLayer) -> any Operator {
        var op = self
        op.features = layer.outputSize(layer.outputShapes[0].rank - 1)
        return op
    }
}

/// A recurrent layer reads features, which can be pruned; its own state stays.
extension TracedLayer {
    fileprivate mutating func trace(_ op: some Recurrent) {
        for index in inputs.indices {
            keepInput(index, except: index == 0 ? [2] : [], because: "'\(name)' needs all of them (\(op.name))")
        }
        guard let read = inputs[0][2] else { return }
        for suffix in op.direction == .bidirectional ? ["", "_reverse"] : [""] {
            add(.reader, "weight_ih_l0" + suffix, axis: 1, to: read)
        }
    }
}

extension Lstm: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.trace(self) }
}

extension Gru: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.trace(self) }
}

extension Rnn: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.trace(self) }
}
