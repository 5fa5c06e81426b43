import TesseraCore
import TesseraPartition

/// Dynamic programming over cuts and tilings.
///
/// A state is a cut with a tiling of its map. To get from one to the next, nodes exchange what the next stage's tiles need beyond
/// their own, which may be halos of many layers, and compute; a path of states is a plan. A label is the best way found to a
/// state, or one of few if memory or throughput count, where what is best later does not depend on one number alone.
struct PlanSearch {
    private let costs: SpanCosts
    private let objective: Auto.Objective
    private let cluster: ClusterProfile
    private let links: LinkTable
    /// By endpoint, the bytes it has.
    private let budgets: [Double]
    let tilings: [Tiling]
    /// By cut and tiling; nil where the value is not divided that way.
    private let tiles: [[[SpanCosts.TileCosts]?]]
    private let labelLimit: Int
    private let countsMemory: Bool

    init(_ span: Span, model: CostModel, objective: Auto.Objective) {
        let costs = SpanCosts(span, model: model)
        self.costs = costs
        self.objective = objective
        let cluster = model.cluster
        self.cluster = cluster
        let speeds = costs.wholeSeconds.map { 1 / max($0.last ?? 1, 1e-12) }
        // The fastest first; of equals the leader, which has the picture already.
        let order = cluster.nodes.indices.sorted { a, b in
            (-speeds[a], a == cluster.leaderNode ? 0 : 1, a) < (-speeds[b], b == cluster.leaderNode ? 0 : 1, b)
        }
        let tilings = Tiling.all(order: order)
        self.tilings = tilings
        links = LinkTable(cluster)
        budgets = (0..<cluster.endpointCount).map { cluster.device(at: $0).memory ?? .infinity }
        countsMemory = objective == .memory || !Self.isEnough(budgets.min() ?? .infinity, for: model)
        labelLimit = countsMemory || objective == .throughput ? 4 : 1
        let links = links
        var whole: TilingCosts?
        let stages = tilings.map { tiling in
            if tiling.nodes.count == 1, let whole {
                return TilingCosts(whole, movedTo: tiling.nodes[0], of: costs)
            }
            let stages = TilingCosts(tiling, of: costs, speeds: speeds, link: links.slowest(among: tiling.nodes))
            if tiling.nodes.count == 1 { whole = stages }
            return stages
        }
        tiles = costs.cuts.indices.map { cut in stages.map { $0.tiles[cut] } }
    }

    /// Whether so many bytes are so much more than any plan takes that there is no need to count them.
    private static func isEnough(_ budget: Double, for model: CostModel) -> Bool {
        let graph = model.graph
        let weights = graph.graph.nodes.indices.reduce(0.0) { $0 + Double(model.weightByteCount(of: $1)) }
        let largest = graph.graph.values.indices.map { graph.byteCount(of: $0) }.max() ?? 0
        return budget >= 2 * weights + 12 * Double(largest)
    }

    /// The stages of the best path through states of some tilings; nil if there is none that fits into memory.
    func best(where isAllowed: (Tiling) -> Bool = { _ in true }) -> [StageChoice]? {
        let indices = tilings.indices.filter { isAllowed(tilings[$0]) }
        let last = costs.lastMap
        var labels = costs.cuts.map { _ in tilings.map { _ in [PathLabel]() } }
        var finished: PathLabel?
        for cut in costs.cuts.indices {
            for tiling in indices {
                guard let parts = tiles[cut][tiling] else { continue }
                var reached: [PathLabel] = []
                for start in 0...cut where parts.allSatisfy({ $0.starts[start] != nil }) {
                    // Tiles that differ with the order of nodes are of use only where the leader's turn comes to one after the other.
                    guard tilings[tiling].growth == 1 || start == 0 || cut == last else { continue }
                    if start == 0 {
                        extend(.start(endpoints: cluster.endpointCount), [], parts, start, cut, tiling, &reached)
                        continue
                    }
                    for source in indices {
                        let owners = tiles[start - 1][source]?.map(\.tile) ?? []
                        for label in labels[start - 1][source] {
                            extend(label, owners, parts, start, cut, tiling, &reached)
                        }
                    }
                }
                labels[cut][tiling] = reached
                for label in reached {
                    guard let end = finish(label, parts.map(\.tile), cut) else { continue }
                    if finished.map({ score(end) < score($0) }) ?? true { finished = end }
                }
            }
        }
        return finished.map(choices)
    }

    // MARK: From state to state

    private func extend(
        _ label: PathLabel, _ owners: [Tiling.Tile], _ parts: [SpanCosts.TileCosts], _ start: Int, _ cut: Int,
        _ tiling: Int, _ reached: inout [PathLabel]
    ) {
        // Most ways are worse from the outset.
        if labelLimit == 1, let best = reached.first,
            label.time >= best.time
                || parts.contains(where: { part in
                    label.doneTime(of: part.tile.node) + (part.starts[start]?.seconds ?? 0) >= best.time
                })
        {
            return
        }
        var next = label
        next.beginStage()
        for part in parts {
            guard let stage = part.starts[start] else { return }
            let node = part.tile.node
            var ready = 0.0
            if stage.inputByteCount > 0 {
                ready = next.send(stage.inputByteCount, from: cluster.leaderEndpoint, to: node, over: links)
            }
            if let needed = stage.needed {
                for owner in owners {
                    let bytes = owner.overlap(with: needed) * stage.elementByteCount
                    guard bytes > 0 else { continue }
                    ready = max(ready, next.send(bytes, from: owner.node, to: node, over: links))
                }
            }
            next.compute(stage.seconds, at: node, from: ready)
            if labelLimit == 1, let best = reached.first, next.endTime(of: node) >= best.time { return }
        }
        next.endStage()
        if countsMemory {
            for part in parts {
                guard let stage = part.starts[start] else { continue }
                next.take(
                    weights: stage.weightByteCount, activations: stage.activationByteCount, at: part.tile.node)
            }
            guard next.fits(budgets) else { return }
        }
        keep(&reached, next, PathLabel.Step(start: start, cut: cut, tiling: tiling))
    }

    private func keep(_ reached: inout [PathLabel], _ label: PathLabel, _ step: PathLabel.Step) {
        if reached.count >= labelLimit, let last = reached.last, score(label) >= score(last) {
            // Besides the best, the one that leaves most memory is kept.
            guard countsMemory, labelLimit > 1, label.memoryShare(of: budgets) < last.memoryShare(of: budgets) else {
                return
            }
        }
        var label = label
        label.append(step)
        let place = reached.firstIndex { score(label) < score($0) } ?? reached.count
        reached.insert(label, at: place)
        guard reached.count > labelLimit else { return }
        let frugal =
            countsMemory
            ? reached.indices.min { reached[$0].memoryShare(of: budgets) < reached[$1].memoryShare(of: budgets) } : nil
        reached.remove(at: frugal == reached.count - 1 ? max(reached.count - 2, 0) : reached.count - 1)
    }

    /// The way to a result: all is collected, and the leader runs the rest.
    private func finish(_ label: PathLabel, _ owners: [Tiling.Tile], _ cut: Int) -> PathLabel? {
        var end = label
        let leader = cluster.leaderEndpoint
        let shape = costs.model.graph.shapes[costs.cuts[cut]]
        end.beginStage()
        var ready = 0.0
        for owner in owners {
            let bytes = owner.region(of: shape).elementCount * ElementType.f32.byteCount
            ready = max(ready, end.send(bytes, from: owner.node, to: leader, over: links))
        }
        end.compute(costs.remainingSeconds[cut], at: leader, from: ready)
        end.endStage()
        guard countsMemory else { return end }
        let rest = costs.remainingMemory[cut]
        end.take(weights: rest.weights, activations: rest.activations, at: leader)
        return end.fits(budgets) ? end : nil
    }

    /// What is to be as small as possible; with a little of the time, which decides between equals.
    private func score(_ label: PathLabel) -> Double {
        switch objective {
        case .latency: label.time
        case .throughput: label.bottleneck + 1e-3 * label.time
        case .memory: label.memory.score + min(label.time, 1e3) * 1e-3
        }
    }

    private func choices(_ label: PathLabel) -> [StageChoice] {
        label.steps.map { step in
            let output = costs.cuts[step.cut]
            let shape = costs.model.graph.shapes[output]
            let parts = tiles[step.cut][step.tiling] ?? []
            return StageChoice(
                output: output,
                tiles: parts.map { TileChoice(node: $0.tile.node, region: $0.tile.region(of: shape)) })
        }
    }
}
