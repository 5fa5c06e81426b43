import TesseraCore

/// One inference of a plan as tasks that wait for one another: tiles to compute and pieces to send. Made of the same transfers
/// that a real run makes.
struct PlanTasks {
    enum Work {
        case compute(endpoint: Int, seconds: Double)
        case transfer(from: Int, to: Int, bytes: Int)
    }

    struct Task {
        let work: Work
        /// The stage that it is for, counted from 0; that of the leader's layers comes after all others.
        let stage: Int
        /// How many tasks it waits for.
        var waits = 0
        /// The tasks that wait for it.
        var next: [Int] = []
    }

    private(set) var tasks: [Task] = []

    init(_ plan: Plan, _ model: CostModel, slowdowns: [Int: Double]) {
        let leader = model.cluster.leaderEndpoint
        func endpoint(_ holder: Transfer.Holder) -> Int {
            switch holder {
            case .leader: leader
            case .node(let node): node
            }
        }
        func slowed(_ seconds: Double, _ endpoint: Int) -> Double { seconds * (slowdowns[endpoint] ?? 1) }
        /// What each node made of each value, and the task that made it.
        var made: [Holding: [(region: Region, task: Int)]] = [:]
        for (stage, tiles) in plan.stages.map(\.tiles).enumerated() {
            var latest: [Holding: [(region: Region, task: Int)]] = [:]
            for (tile, pieces) in zip(tiles, plan.transfers(into: stage)) {
                let task = add(
                    .compute(endpoint: tile.node, seconds: slowed(model.seconds(of: tile), tile.node)), stage)
                for piece in pieces {
                    let source = endpoint(piece.source)
                    let makers = (made[Holding(value: piece.value, endpoint: source)] ?? [])
                        .filter { $0.region.contains(piece.region) }.map(\.task)
                    connect(piece, after: makers, from: source, to: tile.node, before: task, stage)
                }
                latest[Holding(value: tile.output, endpoint: tile.node), default: []].append((tile.region, task))
            }
            made.merge(latest) { $1 }
        }
        let rest = add(
            .compute(
                endpoint: leader, seconds: slowed(model.seconds(ofWhole: plan.remainingLayers, at: leader), leader)),
            plan.stages.count)
        for piece in plan.collections() {
            let source = endpoint(piece.source)
            let makers = (made[Holding(value: piece.value, endpoint: source)] ?? [])
                .filter { $0.region.contains(piece.region) }.map(\.task)
            connect(piece, after: makers, from: source, to: leader, before: rest, plan.stages.count)
        }
    }

    private struct Holding: Hashable {
        let value: Graph.ValueID
        let endpoint: Int
    }

    private mutating func add(_ work: Work, _ stage: Int) -> Int {
        tasks.append(Task(work: work, stage: stage))
        return tasks.count - 1
    }

    private mutating func order(_ first: Int, _ second: Int) {
        tasks[first].next.append(second)
        tasks[second].waits += 1
    }

    /// A piece on its way from who made it to who needs it; what is there already only has to have been made.
    private mutating func connect(
        _ piece: Transfer, after makers: [Int], from source: Int, to destination: Int, before task: Int, _ stage: Int
    ) {
        guard source != destination else {
            for maker in makers { order(maker, task) }
            return
        }
        let transfer = add(.transfer(from: source, to: destination, bytes: piece.byteCount), stage)
        for maker in makers { order(maker, transfer) }
        order(transfer, task)
    }
}
