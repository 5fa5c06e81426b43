import TesseraCore
import TesseraOperators
import TesseraPartition

/// One tile on its way back through the layers.
struct TileWalk {
    private let model: CostModel
    private var graph: BoundGraph { model.graph }
    private let node: Int
    private let output: Graph.ValueID
    /// See `Tile`: then all layers make all channels.
    private let ownsAllChannels: Bool
    private var needed: [Graph.ValueID: Region]
    private(set) var seconds = 0.0
    private var weightByteCount = 0
    /// Bytes of what is needed and was not come by yet.
    private var openByteCount: Int
    private let outputByteCount: Int
    private var activationByteCount = 0

    init(_ tile: Tiling.Tile, of output: Graph.ValueID, model: CostModel) {
        self.model = model
        self.output = output
        node = tile.node
        let shape = model.graph.shapes[output]
        let region = tile.region(of: shape)
        ownsAllChannels = tile.channels.count == shape[1]
        needed = [output: region]
        openByteCount = region.elementCount * ElementType.f32.byteCount
        activationByteCount = openByteCount
        outputByteCount = openByteCount
    }

    /// Goes through some layers, the last first.
    ///
    /// - Returns: false if one cannot be cut that way.
    mutating func walk(_ layers: [Graph.NodeID]) -> Bool {
        for id in layers {
            let layer = graph.graph.nodes[id]
            for (index, made) in layer.outputs.enumerated().reversed() {
                guard let wanted = needed[made] else { continue }
                guard walk(id, layer, index, made, wanted) else { return false }
            }
        }
        return true
    }

    private mutating func walk(
        _ id: Graph.NodeID, _ layer: Graph.Node, _ index: Int, _ made: Graph.ValueID, _ wanted: Region
    ) -> Bool {
        guard
            let (region, tile) = try? graph.part(
                of: layer, output: index, wanted, isOwned: made == output, allChannels: ownsAllChannels),
            isKept(region, of: id, layer, index)
        else { return false }
        for (value, part) in zip(layer.inputs, tile.inputs) {
            guard let part else { continue }
            let before = needed[value]
            let after = before?.union(part) ?? part
            needed[value] = after
            openByteCount += byteCount(after, of: value) - (before.map { byteCount($0, of: value) } ?? 0)
        }
        let weights = model.weightByteCount(of: id, in: tile)
        weightByteCount += weights
        if !(layer.op is Constant), !model.isMerged(id) {
            activationByteCount = max(activationByteCount, openByteCount)
            // Every element takes as many; those of the whole may be as many as an integer holds.
            let share = Double(region.elementCount) / Double(max(graph.shapes[made].elementCount, 1))
            let macs = Int(min(Double(model.multiplyAccumulates(of: id)) * share, 1e18).rounded())
            seconds += model.seconds(
                of: id, making: region, reading: tile.inputs, weightByteCount: weights, multiplyAccumulates: macs,
                at: node)
        }
        needed[made] = nil
        openByteCount -= byteCount(wanted, of: made)
        return true
    }

    /// Whether some channels of a layer are computed as they are in the whole.
    private func isKept(_ region: Region, of id: Graph.NodeID, _ layer: Graph.Node, _ index: Int) -> Bool {
        ownsAllChannels || model.multiplyAccumulates(of: id) == 0 || region.rank < 2
            || ChannelAlignment.holds(for: region[1], of: layer, output: index, in: graph)
    }

    private func byteCount(_ region: Region, of value: Graph.ValueID) -> Int {
        region.elementCount * graph.elementTypes[value].byteCount
    }

    /// What it costs to begin here.
    func start(reading cut: Graph.ValueID?) -> SpanCosts.Start {
        var part: Tiling.Tile?
        var elementByteCount = 0
        if let cut, let region = needed[cut] {
            let tile = Tiling.Tile(node: node, region)
            part = tile
            elementByteCount = byteCount(region, of: cut) / max(tile.count, 1)
        }
        let inputs = graph.graph.inputs.reduce(0) { sum, input in
            input.value == cut ? sum : sum + (needed[input.value].map { byteCount($0, of: input.value) } ?? 0)
        }
        let read = inputs + (part.map { $0.count * elementByteCount } ?? 0)
        let handling = model.seconds(handling: read + outputByteCount, at: node)
        return SpanCosts.Start(
            seconds: seconds + handling, needed: part, elementByteCount: elementByteCount, inputByteCount: inputs,
            activationByteCount: MemoryUse.activations(
                ofTile: activationByteCount, inputs: read, output: outputByteCount),
            weightByteCount: MemoryUse.weights(ofTiles: weightByteCount))
    }
}
