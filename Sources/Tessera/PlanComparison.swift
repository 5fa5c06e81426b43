import Foundation
import TesseraCore
import TesseraPartition

/// What every strategy makes of a network.
public struct PlanComparison: Sendable {
    public struct Row: Sendable {
        public let strategy: String
        /// The plan, or why the strategy has none.
        public let result: Result<Plan, TesseraError>
    }

    public let nodes: Int
    /// One for each registered strategy, by name.
    public let rows: [Row]

    /// Cuts a network by every strategy.
    ///
    /// - Parameters:
    ///   - options: options, each for the strategies that know it.
    ///   - end: the layer at which the span ends at the latest.
    ///   - cluster: the file that says what the nodes are; nil for nodes that are all alike.
    /// - Throws: `invalidArgument` for a number of nodes that cannot be, an option that no strategy knows, or an end at which the network cannot be cut.
    public init(
        _ graph: BoundGraph, nodes: Int, options: Configuration = .empty, upTo end: String? = nil,
        cluster: String? = nil, strategies: Registry<any PartitionStrategy>
    ) throws {
        try Plan.checkNodeCount(nodes)
        let entries = try options.entries()
        let known = Set(strategies.modules.flatMap { $0.keys.map(\.name) })
        for entry in entries where !known.contains(entry.key) {
            throw TesseraError(
                .invalidArgument,
                "no strategy knows an option '\(entry.key)'" + suggestion(for: entry.key, among: known.sorted()))
        }
        _ = try Span(graph, end: end)
        self.nodes = nodes
        rows = strategies.modules.map { module in
            let keys = Set(module.keys.map(\.name))
            let own = Configuration(.map(entries.filter { keys.contains($0.key) }), at: options.location)
            let choice = PartitionChoice(strategy: module.name, options: own, upTo: end, cluster: cluster)
            do {
                return Row(
                    strategy: module.name,
                    result: .success(try choice.plan(graph, nodes: nodes, strategies: strategies)))
            } catch {
                let problem = error as? TesseraError ?? TesseraError(.invalidArgument, "\(error)")
                return Row(strategy: module.name, result: .failure(problem))
            }
        }
    }
}

extension PlanComparison: CustomStringConvertible {
    /// A table that a person reads, and below it what strategies had to say that have no plan.
    public var description: String {
        var table = TextTable(header: [
            "strategy", "stages", "redundancy", "speed-up", "throughput", "through leader", "between nodes", "memory",
        ])
        var problems: [String] = []
        for row in rows {
            switch row.result {
            case .success(let plan):
                let memory = plan.memory.map(\.total).max() ?? 0
                table.add([
                    row.strategy, "\(plan.stages.count)", String(format: "%.3f", plan.redundancy),
                    String(format: "%.2f", plan.speedupBound), String(format: "%.2f", plan.throughputBound),
                    ByteCount(plan.bytesMoved).description, ByteCount(plan.bytesExchanged).description,
                    ByteCount(memory).description,
                ])
            case .failure(let error):
                table.add([row.strategy] + [String](repeating: "-", count: 7))
                problems.append("\(row.strategy): \(error)")
            }
        }
        return (table.lines + (problems.isEmpty ? [] : [""] + problems)).joined(separator: "\n") + "\n"
    }
}

extension PlanComparison: Encodable {
    private enum CodingKeys: String, CodingKey { case nodes, strategies }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(nodes, forKey: .nodes)
        try container.encode(rows, forKey: .strategies)
    }
}

extension PlanComparison.Row: Encodable {
    private enum CodingKeys: String, CodingKey {
        case strategy, stages, redundancy, error
        case speedupBound = "speedup_bound"
        case throughputBound = "throughput_bound"
        case bytesMoved = "bytes_moved"
        case bytesExchanged = "bytes_exchanged"
        case largestMemory = "largest_memory_bytes"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(strategy, forKey: .strategy)
        switch result {
        case .success(let plan):
            try container.encode(plan.stages.count, forKey: .stages)
            try container.encode(plan.redundancy, forKey: .redundancy)
            try container.encode(plan.speedupBound, forKey: .speedupBound)
            try container.encode(plan.throughputBound, forKey: .throughputBound)
            try container.encode(plan.bytesMoved, forKey: .bytesMoved)
            try container.encode(plan.bytesExchanged, forKey: .bytesExchanged)
            try container.encode(plan.memory.map(\.total).max() ?? 0, forKey: .largestMemory)
        case .failure(let error):
            try container.encode("\(error)", forKey: .error)
        }
    }
}
