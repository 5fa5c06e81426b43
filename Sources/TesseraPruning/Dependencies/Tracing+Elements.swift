import TesseraCore
import TesseraOperators

extension TracedLayer {
    /// Every element by itself.
    mutating func trace(_ op: any PointwiseUnary) {
        // What is not finite would remain so when it is multiplied by the zeros of those that read it.
        guard op.value(0).isFinite else {
            return keepInput(0, because: "'\(name)' makes no finite number of 0 (\(op.name))")
        }
        passAll()
    }

    /// Elements at the same position, of which some are repeated.
    mutating func trace(_ op: any Broadcasting) {
        if op is Divide || op is Power {
            for index in inputs.indices {
                keepInput(index, because: "'\(name)' makes no finite number of 0 (\(op.name))")
            }
            return
        }
        let rank = outputShapes[0].rank
        for axis in 0..<rank {
            let size = outputShapes[0][axis]
            var all: [[Int]?] = []
            for (channels, shape) in zip(inputs, inputShapes) {
                let own = axis - (rank - shape.rank)
                guard own >= 0 else { continue }
                if shape[own] == size {
                    all.append(channels[own])
                } else {
                    keep(channels[own], because: "'\(name)' repeats it")
                }
            }
            outputs[0][axis] = united(all, because: "'\(name)' combines them with values that stay (\(op.name))")
        }
    }
}

/// A constant has whatever channels the values have that it is combined with.
extension Constant: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        guard values == nil else { return }
        for (axis, size) in layer.outputShapes[0].dimensions.enumerated() where size > 1 {
            let channels = layer.units.make(size)
            layer.outputs[0][axis] = channels
            layer.add(.companion, "value", axis: axis, to: channels)
        }
    }

    func compacted(_ layer: CompactedLayer) -> any Operator {
        guard shape != nil else { return self }
        var op = self
        op.shape = layer.outputShapes[0].dimensions.indices.map { layer.outputSize($0) }
        return op
    }
}

extension Cast: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.passAll() }
}

extension Identity: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.passAll() }
}

extension MaxPool: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        layer.tracePixels(passing: indices ? [] : [0, 1], because: "'\(layer.name)' takes the largest of them")
    }
}

extension AveragePool: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        layer.tracePixels(because: "'\(layer.name)' takes the mean of them")
    }
}

extension GlobalAveragePool: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        layer.tracePixels(because: "'\(layer.name)' takes the mean of them")
    }
}

extension GlobalMaxPool: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        layer.tracePixels(because: "'\(layer.name)' takes the largest of them")
    }
}

extension Resize: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        let (before, after) = (layer.inputShapes[0], layer.outputShapes[0])
        // A size that is given by its number would have to change with the channels.
        let isGiven = sizes != nil || part != nil
        let axes = Set(axes?.compactMap { axisPlace($0, rank: before.rank) } ?? Array(0..<before.rank))
        let passed = [0, 1].filter { before[$0] == after[$0] && !(isGiven && axes.contains($0)) }
        layer.tracePixels(passing: passed, because: "'\(layer.name)' interpolates between them")
    }
}

extension Reduce: ChannelTraced {
    func trace(_ layer: inout TracedLayer) throws {
        let reduced = try axes(rank: layer.inputs[0].count)
        var place = 0
        for axis in layer.inputs[0].indices {
            if reduced.contains(axis) {
                layer.keep(layer.inputs[0][axis], because: "'\(layer.name)' brings them together")
                if keepAxes { place += 1 }
            } else {
                layer.pass(axis, to: place)
                place += 1
            }
        }
    }
}

extension TracedLayer {
    /// Pixels are combined, batch and channels are not.
    fileprivate mutating func tracePixels(passing axes: [Int] = [0, 1], because reason: String) {
        keepInput(0, except: Set(axes), because: reason)
        for axis in axes { pass(axis) }
    }
}
