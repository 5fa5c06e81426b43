import TesseraCore
import TesseraOperators

extension Concat: ChannelTraced {
    func trace(_ layer: inout TracedLayer) {
        let rank = layer.inputShapes[0].rank
        for other in 0..<rank where other != axisPlace(axis, rank: rank) {
            layer.outputs[0][other] = layer.united(
                layer.inputs.map { $0[other] }, because: "'\(layer.name)' joins them with values that stay")
        }
        guard let axis = axisPlace(axis, rank: rank), layer.inputs.contains(where: { $0[axis] != nil }) else { return }
        layer.outputs[0][axis] = zip(layer.inputs, layer.inputShapes).flatMap { channels, shape in
            if let channels = channels[axis] { return channels }
            let others = layer.units.make(shape[axis])
            layer.keep(others, because: "they are no layer's channels")
            return others
        }
    }
}

extension Split: ChannelTraced {
    func trace(_ layer: inout TracedLayer) throws {
        guard let axis = axisPlace(axis, rank: layer.inputShapes[0].rank) else { return }
        for (output, range) in try ranges(of: layer.inputShapes[0]).enumerated() {
            layer.outputs[output] = layer.inputs[0]
            layer.outputs[output][axis] = layer.inputs[0][axis].map { Array($0[range]) }
        }
    }

    func compacted(_ layer: CompactedLayer) -> any Operator {
        guard let axis = axisPlace(axis, rank: layer.inputShapes[0].rank), layer.inputs[0][axis] != nil else {
            return self
        }
        var op = self
        op.sizes = layer.outputs.indices.map { layer.outputSize(axis, of: $0) }
        return op
    }
}

extension Transpose: ChannelTraced {
    func trace(_ layer: inout TracedLayer) throws {
        for (place, axis) in try axes(rank: layer.inputShapes[0].rank).enumerated() { layer.pass(axis, to: place) }
    }
}

extension Pad: ChannelTraced {
    func trace(_ layer: inout TracedLayer) throws {
        for (axis, amount) in try amounts(rank: layer.inputShapes[0].rank).enumerated() {
            guard amount.before != 0 || amount.after != 0 else {
                layer.pass(axis)
                continue
            }
            guard let channels = layer.inputs[0][axis] else { continue }
            guard mode == .constant, amount.before >= 0, amount.after >= 0 else {
                layer.keep(channels, because: "'\(layer.name)' needs all of them (pad)")
                continue
            }
            // What is put around them goes where what it is combined with goes.
            layer.outputs[0][axis] =
                layer.units.make(amount.before) + channels + layer.units.make(amount.after)
        }
    }

    func compacted(_ layer: CompactedLayer) throws -> any Operator {
        let rank = layer.inputShapes[0].rank
        let amounts = try amounts(rank: rank)
        var op = self
        let axes = self.axes ?? Array(0..<rank)
        (op.axes, op.before, op.after) = (axes, before ?? axes.map { _ in 0 }, after ?? axes.map { _ in 0 })
        var isChanged = false
        for (index, listed) in axes.enumerated() {
            guard let axis = axisPlace(listed, rank: rank), let kept = layer.outputs[0][axis] else { continue }
            let own = amounts[axis].before..<amounts[axis].before + layer.inputShapes[0][axis]
            op.before?[index] = kept.count { $0 < own.lowerBound }
            op.after?[index] = kept.count { $0 >= own.upperBound }
            isChanged = true
        }
        return isChanged ? op : self
    }
}

extension Slice: ChannelTraced {
    func trace(_ layer: inout TracedLayer) throws {
        for (axis, taken) in try positions(of: layer.inputShapes[0]).enumerated() {
            guard let channels = layer.inputs[0][axis] else { continue }
            guard abs(taken.step) == 1 else {
                layer.keep(channels, because: "'\(layer.name)' takes every \(abs(taken.step)) of them")
                continue
            }
            layer.outputs[0][axis] = (0..<taken.count).map { channels[taken.start + $0 * taken.step] }
        }
    }

    func compacted(_ layer: CompactedLayer) throws -> any Operator {
        let rank = layer.inputShapes[0].rank
        let taken = try positions(of: layer.inputShapes[0])
        var op = self
        let axes = self.axes ?? Array(0..<(starts?.count ?? ends?.count ?? steps?.count ?? 0))
        let steps = self.steps ?? axes.map { _ in 1 }
        let beyond = 1 << 31
        var starts = self.starts ?? steps.map { $0 > 0 ? 0 : beyond }
        var ends = self.ends ?? steps.map { $0 > 0 ? beyond : -beyond }
        var isChanged = false
        for (index, listed) in axes.enumerated() {
            guard let axis = axisPlace(listed, rank: rank), let kept = layer.inputs[0][axis] else { continue }
            let range = taken[axis].range
            let (before, inside) = (kept.count { $0 < range.lowerBound }, kept.count(where: range.contains))
            if steps[index] > 0 {
                (starts[index], ends[index]) = (before, before + inside)
            } else {
                // The end before the first element has no number from the start.
                (starts[index], ends[index]) = (before + inside - 1, before == 0 ? -beyond : before - 1)
            }
            isChanged = true
        }
        (op.axes, op.starts, op.ends, op.steps) = (axes, starts, ends, steps)
        return isChanged ? op : self
    }
}

extension Flatten: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.traceReshaping() }
}

extension Squeeze: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.traceReshaping() }
}

extension Unsqueeze: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.traceReshaping() }
}

extension Reshape: ChannelTraced {
    func trace(_ layer: inout TracedLayer) { layer.traceReshaping() }

    func compacted(_ layer: CompactedLayer) -> any Operator {
        guard let shape, layer.outputs[0].contains(where: { $0 != nil }) else { return self }
        var op = self
        op.shape = shape.enumerated().map { axis, size in
            size > 0 && layer.outputs[0][axis] != nil ? layer.outputSize(axis) : size
        }
        return op
    }
}

extension TracedLayer {
    /// The same elements in another shape: axes that remain, that are joined, or one that is divided in two.
    fileprivate mutating func traceReshaping() {
        let (before, after) = (inputShapes[0], outputShapes[0])
        // Axes of one element move freely, and have no channel that could be removed.
        let inner = before.dimensions.indices.filter { before[$0] != 1 }
        let outer = after.dimensions.indices.filter { after[$0] != 1 }
        for axis in before.dimensions.indices where before[axis] == 1 {
            keep(inputs[0][axis], because: "'\(name)' has only one of them")
        }
        guard before.elementCount > 0 else { return keepInput(0, because: "'\(name)' has no elements") }
        var (i, o) = (0, 0)
        while i < inner.count, o < outer.count {
            var (a, b) = ([inner[i]], [outer[o]])
            var (x, y) = (before[inner[i]], after[outer[o]])
            while x != y {
                if x < y {
                    i += 1
                    a.append(inner[i])
                    x *= before[inner[i]]
                } else {
                    o += 1
                    b.append(outer[o])
                    y *= after[outer[o]]
                }
            }
            traceReshaping(from: a, to: b)
            (i, o) = (i + 1, o + 1)
        }
    }

    private mutating func traceReshaping(from axes: [Int], to places: [Int]) {
        let labelled = axes.filter { inputs[0][$0] != nil }
        guard let axis = labelled.first, let channels = inputs[0][axis] else { return }
        if labelled.count == 1, places.count == 1 {
            let inside = axes.drop { $0 != axis }.dropFirst().reduce(1) { $0 * inputShapes[0][$1] }
            let outside = axes.prefix { $0 != axis }.reduce(1) { $0 * inputShapes[0][$1] }
            let once = channels.flatMap { [Int](repeating: $0, count: inside) }
            outputs[0][places[0]] = (0..<outside).flatMap { _ in once }
        } else if axes.count == 1, places.count == 2 {
            // As many are left of each part, as with the groups of a convolution.
            let size = outputShapes[0][places[1]]
            for (index, unit) in channels.enumerated() { units.unite(unit, channels[index % size]) }
            outputs[0][places[1]] = Array(channels.prefix(size))
        } else {
            for axis in labelled { keep(inputs[0][axis], because: "'\(name)' divides them") }
        }
    }
}
