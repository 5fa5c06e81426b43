import TesseraCore
import TesseraOperators

extension Conv: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        let made = layer.units.make(channels)
        layer.traceGroups(made: made, groups: groups)
        layer.outputs[0][1] = made
        layer.add(.kernel, "weight", axis: 0, to: made)
        if bias { layer.add(.bias, "bias", axis: 0, to: made) }
        guard let read = layer.inputs[0][1] else { return }
        let perGroup = read.count / groups
        // One channel in a group is read by its own kernels alone, which go with it.
        if perGroup > 1 || groups == 1 { layer.add(.reader, "weight", axis: 1, to: Array(read.prefix(perGroup))) }
    }

    func compacted(_ layer: CompactedLayer) -> any Operator {
        var op = self
        op.channels = layer.outputSize(1)
        if groups > 1, layer.inputShapes[0][1] == groups { op.groups = layer.inputSize(1) }
        return op
    }
}

extension ConvTranspose: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        let made = layer.units.make(channels)
        layer.traceGroups(made: made, groups: groups)
        layer.outputs[0][1] = made
        if bias { layer.add(.bias, "bias", axis: 0, to: made) }
        let perGroup = layer.inputShapes[0][1] / groups
        if groups > 1, perGroup == 1 {
            // Every input channel has kernels of its own, which make neighbouring channels.
            for group in 0..<groups {
                layer.add(.kernel, "weight", axis: 0, [group], to: made[group * channels / groups])
            }
            return
        }
        layer.add(.kernel, "weight", axis: 1, to: Array(made.prefix(channels / groups)))
        if let read = layer.inputs[0][1] { layer.add(.reader, "weight", axis: 0, to: read) }
    }

    func compacted(_ layer: CompactedLayer) -> any Operator {
        var op = self
        op.channels = layer.outputSize(1)
        if groups > 1, layer.inputShapes[0][1] == groups { op.groups = layer.inputSize(1) }
        return op
    }
}

extension TracedLayer {
    /// Binds the channels of a convolution: all groups must remain of one size, or go as a whole where each reads one channel.
    fileprivate mutating func traceGroups(made: [Int], groups: Int) {
        keepInput(0, except: [0, 1], because: "'\(name)' is a convolution over them")
        pass(0)
        guard groups > 1 else { return }
        let read = inputs[0][1]
        let (inputsPerGroup, outputsPerGroup) = (inputShapes[0][1] / groups, made.count / groups)
        guard inputsPerGroup > 1 else {
            guard let read else {
                return keep(made, because: "'\(name)' reads each of its input's channels by itself, and those stay")
            }
            for (output, unit) in made.enumerated() { units.unite(unit, read[output / outputsPerGroup]) }
            return
        }
        for (output, unit) in made.enumerated() { units.unite(unit, made[output % outputsPerGroup]) }
        for (input, unit) in (read ?? []).enumerated() { units.unite(unit, (read ?? [])[input % inputsPerGroup]) }
    }
}
