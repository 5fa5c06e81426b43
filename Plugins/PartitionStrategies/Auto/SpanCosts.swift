import TesseraCore
import TesseraOperators
import TesseraPartition

/// What parts of a span cost, for all places at which it could be cut: derived layer by layer back from a tile, once for all
/// stages that end with it, without building their networks.
struct SpanCosts {
    /// A tile of the map at the end of a stage.
    struct TileCosts {
        var tile: Tiling.Tile
        /// By the segment with which the stage begins.
        var starts: [Int: Start] = [:]
    }

    /// What a stage costs its node that begins with some segment.
    struct Start {
        /// Of all layers.
        var seconds: Double
        /// What it reads of the map at the end of the segment before; none for the first segment.
        let needed: Tiling.Tile?
        /// Bytes of one pixel of that.
        let pixelByteCount: Int
        /// Bytes that it reads of the network's inputs.
        let inputByteCount: Int
        /// The most that values take at one time.
        let activationByteCount: Int
    }

    let model: CostModel
    /// The values at which the span may be cut; the last is its end.
    let cuts: [Graph.ValueID]
    /// By cut, the layers since the cut before, the last first.
    private let segments: [[Graph.NodeID]]
    /// By cut, the bytes of the weights of its segment.
    let weightByteCounts: [Int]
    /// By endpoint and cut, the seconds of all segments up to there if they are not cut.
    let wholeSeconds: [[Double]]
    /// By cut, the seconds of all layers after it on the leader.
    let remainingSeconds: [Double]
    /// By cut, what those layers take of the leader's memory, about.
    let remainingMemory: [MemoryUse]

    /// Cuts that are looked at; of more, those of the smallest maps.
    private static let cutLimit = 48

    init(_ span: Span, model: CostModel) {
        self.model = model
        let graph = span.graph
        cuts = Self.chosenCuts(of: span)
        var before: Set<Graph.ValueID> = []
        var segments: [[Graph.NodeID]] = []
        for cut in cuts {
            segments.append(span.layers(making: cut, from: before).reversed())
            before = [cut]
        }
        self.segments = segments
        weightByteCounts = segments.map { $0.reduce(0) { $0 + model.weightByteCount(of: $1) } }
        var leaderTails: [Double] = []
        var leaderMemory: [MemoryUse] = []
        for cut in cuts {
            let rest = graph.graph.layers(making: graph.graph.outputs.map(\.value), from: [cut])
            leaderTails.append(model.seconds(ofWhole: rest, at: model.cluster.leaderEndpoint))
            let largest = rest.map { id in
                let node = graph.graph.nodes[id]
                return (node.inputs + node.outputs).reduce(0) { $0 + graph.byteCount(of: $1) }
            }
            leaderMemory.append(
                MemoryUse(
                    weights: rest.reduce(0) { $0 + model.weightByteCount(of: $1) },
                    activations: max(graph.byteCount(of: cut), largest.max() ?? 0)))
        }
        (remainingSeconds, remainingMemory) = (leaderTails, leaderMemory)
        wholeSeconds = (0..<model.cluster.nodes.count).map { node in
            var sum = 0.0
            return segments.map { segment in
                sum += model.seconds(ofWhole: segment.reversed(), at: node)
                return sum
            }
        }
    }

    private static func chosenCuts(of span: Span) -> [Graph.ValueID] {
        let useful = span.usefulCutPoints
        guard useful.count > cutLimit else { return useful }
        let smallest = useful.dropLast().sorted { span.graph.byteCount(of: $0) < span.graph.byteCount(of: $1) }
        let kept = Set(smallest.prefix(cutLimit - 1) + useful.suffix(1))
        return useful.filter(kept.contains)
    }

    /// The costs of all stages that end at a cut with some tiles; nil if a layer cannot be cut that way.
    ///
    /// - Parameter isEnough: asked for every segment with which a stage may begin, from the last on, with the seconds of the
    ///   slowest tile; true if no stage is of use that begins before.
    func costs(
        of tiles: [Tiling.Tile], at cut: Int,
        isEnough: (_ segment: Int, _ seconds: Double, _ tiles: [TileCosts]) -> Bool
    ) -> [TileCosts]? {
        var result = tiles.map { TileCosts(tile: $0) }
        var walks = tiles.map { TileWalk($0, of: cuts[cut], model: model) }
        for segment in stride(from: cut, through: 0, by: -1) {
            var slowest = 0.0
            for index in walks.indices {
                guard walks[index].walk(segments[segment]) else { return segment == cut ? nil : result }
                slowest = max(slowest, walks[index].seconds)
            }
            // All tiles of a stage, or none.
            for index in walks.indices {
                result[index].starts[segment] = walks[index].start(reading: segment > 0 ? cuts[segment - 1] : nil)
            }
            if isEnough(segment, slowest, result) { break }
        }
        return result
    }

    /// The seconds of some segments on one node, if they are not cut.
    func wholeSeconds(_ segments: ClosedRange<Int>, at node: Int) -> Double {
        let before = segments.lowerBound > 0 ? wholeSeconds[node][segments.lowerBound - 1] : 0
        let graph = model.graph
        let read =
            segments.lowerBound > 0
            ? graph.byteCount(of: cuts[segments.lowerBound - 1])
            : graph.graph.inputs.reduce(0) { $0 + graph.byteCount(of: $1.value) }
        let handling = model.seconds(handling: read + graph.byteCount(of: cuts[segments.upperBound]), at: node)
        return wholeSeconds[node][segments.upperBound] - before + handling
    }
}

/// One tile on its way back through the layers.
private struct TileWalk {
    private let model: CostModel
    private var graph: BoundGraph { model.graph }
    private let node: Int
    private var needed: [Graph.ValueID: Region]
    private(set) var seconds = 0.0
    /// Bytes of what is needed and was not come by yet.
    private var openByteCount: Int
    private let outputByteCount: Int
    private var activationByteCount = 0

    init(_ tile: Tiling.Tile, of output: Graph.ValueID, model: CostModel) {
        self.model = model
        node = tile.node
        let whole = Region(whole: model.graph.shapes[output])
        let region = whole.replacing(axis: 2, with: tile.rows).replacing(axis: 3, with: tile.columns)
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
        let shape = graph.shapes[made]
        // As tiles do, see `Tile`.
        let region = shape.rank > 1 ? wanted.replacing(axis: 1, with: 0..<shape[1]) : wanted
        let shapes = graph.inputShapes(of: layer)
        guard let tile = try? layer.op.tile(region, ofOutput: index, inputs: shapes) else { return false }
        for (value, part) in zip(layer.inputs, tile.inputs) {
            guard let part else { continue }
            let before = needed[value]
            let after = before?.union(part) ?? part
            needed[value] = after
            openByteCount += byteCount(after, of: value) - (before.map { byteCount($0, of: value) } ?? 0)
        }
        if !(layer.op is Constant), !model.isMerged(id) {
            activationByteCount = max(activationByteCount, openByteCount)
            let macs = tile.op.multiplyAccumulates(
                inputs: tile.inputs.compactMap { $0?.shape }, outputs: [region.shape])
            seconds += model.seconds(
                of: id, making: region, reading: tile.inputs, multiplyAccumulates: macs, at: node)
        }
        needed[made] = nil
        openByteCount -= byteCount(wanted, of: made)
        return true
    }

    private func byteCount(_ region: Region, of value: Graph.ValueID) -> Int {
        region.elementCount * graph.elementTypes[value].byteCount
    }

    /// What it costs to begin here.
    func start(reading cut: Graph.ValueID?) -> SpanCosts.Start {
        var part: Tiling.Tile?
        var pixelByteCount = 0
        if let cut, let region = needed[cut] {
            part = Tiling.Tile(node: node, rows: region[2], columns: region[3])
            pixelByteCount = region[0].count * region[1].count * graph.elementTypes[cut].byteCount
        }
        let inputs = graph.graph.inputs.reduce(0) { sum, input in
            input.value == cut ? sum : sum + (needed[input.value].map { byteCount($0, of: input.value) } ?? 0)
        }
        let read = inputs + (part.map { $0.rows.count * $0.columns.count * pixelByteCount } ?? 0)
        let handling = model.seconds(handling: read + outputByteCount, at: node)
        return SpanCosts.Start(
            seconds: seconds + handling, needed: part, pixelByteCount: pixelByteCount, inputByteCount: inputs,
            activationByteCount: activationByteCount)
    }
}
