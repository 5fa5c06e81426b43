import TesseraCore
import TesseraOperators

extension BatchNorm: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        layer.passAll()
        guard layer.inputShapes[0].rank > 1, let channels = layer.inputs[0][1] else { return }
        layer.add(.scale, "weight", axis: 0, to: channels)
        layer.add(.bias, "bias", axis: 0, to: channels)
        for name in ["running_mean", "running_var"] { layer.add(.companion, name, axis: 0, to: channels) }
    }
}

extension InstanceNorm: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        layer.keepInput(0, except: [0, 1], because: "'\(layer.name)' normalizes over them")
        for axis in [0, 1] { layer.pass(axis) }
        guard affine, let channels = layer.inputs[0][1] else { return }
        layer.add(.scale, "weight", axis: 0, to: channels)
        layer.add(.bias, "bias", axis: 0, to: channels)
    }
}

extension Prelu: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        guard layer.inputs.count == 1 else {
            for index in layer.inputs.indices { layer.keepInput(index, because: "'\(layer.name)' needs all of them") }
            return
        }
        layer.passAll()
        guard !shared, layer.inputShapes[0].rank > 1, let channels = layer.inputs[0][1] else { return }
        layer.add(.companion, "weight", axis: 0, to: channels)
    }
}

extension Softmax: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.traceLine(along: axis) }
}

extension LogSoftmax: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.traceLine(along: axis) }
}

extension TracedLayer {
    /// All elements along an axis decide on each of them.
    fileprivate mutating func traceLine(along axis: Int) {
        for other in inputs[0].indices where other != axisPlace(axis, rank: inputs[0].count) { pass(other) }
        if let axis = axisPlace(axis, rank: inputs[0].count) {
            keep(inputs[0][axis], because: "'\(name)' normalizes over them")
        }
    }
}
