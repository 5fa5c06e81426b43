import TesseraCore
import TesseraPartition

/// What parts of a span cost, for all places at which it could be cut: derived layer by layer back from a tile, once for all
/// stages that end with it, without building their networks.
struct SpanCosts {
    /// A tile of the map at the end of a stage.
    struct TileCosts {
        var tile: Tiling.Tile
        /// By the segment with which the stage begins; nil for one that no stage does.
        var starts: [Start?]
    }

    /// What a stage costs its node that begins with some segment.
    struct Start {
        /// Of all layers.
        var seconds: Double
        /// What it reads of the value at the end of the segment before; none for the first segment.
        let needed: Tiling.Tile?
        /// Bytes of one channel of one pixel of that, of all pictures.
        let elementByteCount: Int
        /// Bytes that it reads of the network's inputs.
        let inputByteCount: Int
        /// As in `MemoryUse`.
        let activationByteCount: Int
        let weightByteCount: Int
    }

    let model: CostModel
    /// The values at which the span may be cut; the last is its end.
    let cuts: [Graph.ValueID]
    /// By cut, the layers since the cut before, the last first.
    private let segments: [[Graph.NodeID]]
    /// By cut, whether it is a map that can be cut in space.
    private let isMap: [Bool]
    /// By cut, whether the weights of its segment are more than the value itself.
    private let isHeavy: [Bool]
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
        let maps = Set(span.cutPoints)
        isMap = cuts.map(maps.contains)
        isHeavy = zip(cuts, segments).map { cut, segment in
            segment.reduce(0) { $0 + model.weightByteCount(of: $1) } > graph.byteCount(of: cut)
        }
        var leaderTails: [Double] = []
        var leaderMemory: [MemoryUse] = []
        for cut in cuts {
            let rest = graph.graph.layers(making: graph.graph.outputs.map(\.value), from: [cut])
            leaderTails.append(model.seconds(ofWhole: rest, at: model.cluster.leaderEndpoint))
            let largest = rest.map { id in
                let node = graph.graph.nodes[id]
                return (node.inputs + node.outputs).reduce(0) { $0 + graph.byteCount(of: $1) }
            }
            let beside = rest.isEmpty ? [] : [cut] + graph.graph.outputs.map(\.value)
            leaderMemory.append(
                MemoryUse(
                    weights: rest.reduce(0) { $0 + model.weightByteCount(of: $1) },
                    activations: max(graph.byteCount(of: cut), largest.max() ?? 0)
                        + beside.reduce(0) { $0 + graph.byteCount(of: $1) }))
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
        let useful = span.useful(span.allCutPoints)
        guard useful.count > cutLimit else { return useful }
        let smallest = useful.dropLast().sorted { span.graph.byteCount(of: $0) < span.graph.byteCount(of: $1) }
        let kept = Set(smallest.prefix(cutLimit - 1) + useful.suffix(1))
        return useful.filter(kept.contains)
    }

    /// The last cut at a map, or the last of all if there is none.
    var lastMap: Int { isMap.lastIndex(of: true) ?? cuts.count - 1 }

    /// The tiles of the value at a cut; nil if it is not divided that way. Channels are divided where the weights are more than what
    /// they make.
    func tiles(of cut: Int, by tiling: Tiling, speeds: [Double]) -> [Tiling.Tile]? {
        guard isHeavy[cut] || !tiling.dividesChannels else { return nil }
        return tiling.tiles(of: model.graph.shapes[cuts[cut]], isMap: isMap[cut], speeds: speeds)
    }

    /// Whether some tiles of a stage read all channels of the value before the segment with which it begins.
    func readsAllChannels(_ tiles: [TileCosts], from segment: Int) -> Bool {
        guard segment > 0 else { return true }
        let channels = model.graph.shapes[cuts[segment - 1]][1]
        return tiles.contains { $0.starts[segment]?.needed?.channels.count == channels }
    }

    /// The costs of all stages that end at a cut with some tiles; nil if a layer cannot be cut that way.
    ///
    /// - Parameter isEnough: asked for every segment with which a stage may begin, from the last on, with the seconds of the
    ///   slowest tile; true if no stage is of use that begins before.
    func costs(
        of tiles: [Tiling.Tile], at cut: Int,
        isEnough: (_ segment: Int, _ seconds: Double, _ tiles: [TileCosts]) -> Bool
    ) -> [TileCosts]? {
        var result = tiles.map { TileCosts(tile: $0, starts: Array(repeating: nil, count: cut + 1)) }
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
