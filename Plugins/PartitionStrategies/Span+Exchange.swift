import TesseraCore
import TesseraOperators
import TesseraPartition

extension Span {
    /// The values at which nodes have to exchange what they made if each makes its part along `axis` and nothing is computed
    /// twice: those that a layer reads which looks beyond its own part, those that several stages would otherwise make, and
    /// `output`. In order.
    ///
    /// Layers that keep to their part (activations, 1x1 convolutions and 2x2 pools where rows are cut, depthwise convolutions
    /// where channels are) stay in the stage of the layer before them.
    func exchanges(from available: Set<Graph.ValueID> = [], to output: Graph.ValueID, along axis: Int)
        -> [Graph.ValueID]
    {
        let source = graph.graph
        let layers = layers(making: output, from: available)
        let macs = graph.multiplyAccumulates
        let mixing = Set(layers.filter { mixes($0, along: axis) })
        /// Layers that are worth an exchange if it saves making them twice. Those that just name elements anew are not.
        let work = mixing.filter { !(source.nodes[$0].op is Flatten || source.nodes[$0].op is Reshape) }
            .union(layers.filter { macs[$0] > 0 })
        // Numbers that are made of bytes are exchanged as bytes.
        let read = Set(
            layers.filter(mixing.contains).flatMap { source.nodes[$0].inputs }.map { value in
                source.values[value].producer.flatMap {
                    source.nodes[$0].op is Dequantize ? source.nodes[$0].inputs[0] : nil
                }
                    ?? value
            })
        var chosen: [Graph.ValueID] = []
        for value in read.subtracting(available).sorted() where canEndStage(value) && value != output {
            let making = self.layers(making: value, from: available.union(chosen))
            if !work.isDisjoint(with: making) { chosen.append(value) }
        }
        chosen.append(output)
        while let shared = lastShared(by: chosen, from: available, work: work) {
            chosen = (chosen + [shared]).sorted()
        }
        return chosen
    }

    /// The last value that several stages would make, each for itself, though it takes work.
    private func lastShared(
        by outputs: [Graph.ValueID], from available: Set<Graph.ValueID>, work: Set<Graph.NodeID>
    ) -> Graph.ValueID? {
        var available = available
        var makers: [Graph.NodeID: Int] = [:]
        var needed: [Graph.NodeID: Set<Graph.ValueID>] = [:]
        for output in outputs {
            for layer in layers(making: output, from: available) {
                makers[layer, default: 0] += 1
                if needed[layer] == nil { needed[layer] = available }
            }
            available.insert(output)
        }
        return makers.filter { $0.value > 1 }.keys.sorted(by: >).lazy.compactMap { layer in
            graph.graph.nodes[layer].outputs.first { value in
                canEndStage(value) && !outputs.contains(value)
                    && !work.isDisjoint(with: layers(making: value, from: needed[layer] ?? []))
            }
        }.first
    }

    /// Whether a stage can make a value, and just that.
    private func canEndStage(_ value: Graph.ValueID) -> Bool {
        guard let producer = graph.graph.values[value].producer else { return false }
        let node = graph.graph.nodes[producer]
        return !(node.op is Constant) && node.outputs.count == 1 && graph.shapes[value].rank >= 2
            && (graph.elementTypes[value] == .f32 || node.op is Quantize)
            && !graph.isBetweenIntegers(value, readers: graph.graph.soleReaders)
    }

    /// Whether two neighbouring parts of what a layer makes need some of the same elements.
    func mixes(_ layer: Graph.NodeID, along axis: Int) -> Bool {
        let node = graph.graph.nodes[layer]
        guard !(node.op is Constant) else { return false }
        if axis == 1, !ChannelAlignment.hasWholeGroups(node, in: graph) { return true }
        let shapes = graph.inputShapes(of: node)
        let maps = node.inputs.indices.filter { index in
            graph.graph.values[node.inputs[index]].producer.map { !(graph.graph.nodes[$0].op is Constant) } ?? true
        }
        return node.outputs.indices.contains { output in
            let whole = Region(whole: graph.shapes[node.outputs[output]])
            // Rows and columns are those of maps; channels may be features as well.
            guard axis == 1 ? whole.rank >= 2 : whole.rank == 4 else { return true }
            let count = whole[axis].count
            // A single row or channel cannot be divided; what it is made of may have been.
            guard count > 1 else { return maps.contains { shapes[$0].rank <= axis || shapes[$0][axis] > 1 } }
            return Self.middles(of: count, along: axis).contains { middle in
                guard
                    let before = try? node.op.tile(
                        whole.replacing(axis: axis, with: 0..<middle), ofOutput: output, inputs: shapes),
                    let after = try? node.op.tile(
                        whole.replacing(axis: axis, with: middle..<count), ofOutput: output, inputs: shapes)
                else { return true }
                return maps.contains { index in
                    guard let a = before.inputs[index], let b = after.inputs[index] else { return false }
                    return a.intersection(b) != nil
                }
            }
        }
    }

    /// Where an axis is cut to see what both sides need: an odd and an even position, as a layer that enlarges the map may
    /// keep to its part at one of them; channels where groups begin.
    private static func middles(of count: Int, along axis: Int) -> [Int] {
        let middle = count / 2
        guard axis != 1 else { return [count >= 32 ? middle / 16 * 16 : middle] }
        return [middle, middle + 1].filter { (1..<count).contains($0) }
    }
}
