import Foundation
import TesseraCore
import TesseraPartition

/// What strategies come to on more and more nodes of a cluster, in virtual time.
public struct ScalingReport: Encodable, Sendable {
    public struct Point: Encodable, Sendable {
        public let nodes: Int
        /// Of one picture by itself.
        public let latency_ms: Double
        /// With all pictures there from the start.
        public let pictures_per_second: Double
        /// How many times as soon all pictures are done as on the best single device of the whole cluster.
        public let speedup: Double
    }

    public struct Line: Encodable, Sendable {
        public let strategy: String
        /// For each number of nodes for which there is a plan that fits.
        public let points: [Point]
        /// Why there is none for others.
        public let problems: [String]
    }

    public let network: String
    public let pictures: Int
    /// The best that one device of the whole cluster does by itself.
    public let single: SimulationReport.Single
    public let lines: [Line]

    /// Plans and simulates by every strategy for every number of nodes.
    ///
    /// - Parameters:
    ///   - nodes: how many of the cluster's nodes, the first ones and the leader.
    ///   - choices: the strategies; the files of clusters that they name do not count.
    ///   - slowdowns: by endpoint of the whole cluster, how many times as long everything takes there.
    /// - Throws: `invalidArgument` if there are fewer nodes, or if no single device has the memory for the network.
    public init(
        _ network: String, _ graph: BoundGraph, on cluster: ClusterProfile, nodes: ClosedRange<Int>,
        _ choices: [PartitionChoice], pictures: Int = 1, slowdowns: [Int: Double] = [:],
        strategies: Registry<any PartitionStrategy>
    ) throws {
        guard nodes.upperBound <= cluster.nodes.count else {
            throw TesseraError(
                .invalidArgument,
                "expected at most \(cluster.nodes.count) nodes, as many as the cluster has, found \(nodes.upperBound)")
        }
        let whole = CostModel(graph, on: cluster)
        guard let best = try whole.bestSingleDevice(pictures: pictures, slowdowns: slowdowns),
            let alone = try whole.bestSingleDevice(slowdowns: slowdowns)
        else {
            throw TesseraError(
                .invalidArgument, "no single device has the memory for it, so there is nothing to compare with")
        }
        single = SimulationReport.Single(
            device: cluster.device(at: best.endpoint).name, latency_ms: alone.simulation.duration * 1e3,
            pictures_per_second: best.simulation.throughput)
        (self.network, self.pictures) = (network, pictures)
        lines = try choices.map { choice in
            let strategy = try strategies.make(choice.strategy, choice.options)
            var (points, problems): ([Point], [String]) = ([], [])
            for count in nodes {
                let (part, endpoints) = try cluster.keeping(nodes: count)
                let model = CostModel(graph, on: part)
                let own = Dictionary(
                    uniqueKeysWithValues: endpoints.enumerated().compactMap { index, endpoint in
                        slowdowns[endpoint].map { (index, $0) }
                    })
                let plan: Plan
                do {
                    plan = try Plan(graph, on: part, strategy: strategy, named: choice.strategy, end: choice.upTo)
                } catch let error as TesseraError {
                    problems.append("\(choice.strategy) on \(count): \(error)")
                    continue
                }
                let lacking = model.memoryProblems(of: plan)
                guard lacking.isEmpty else {
                    problems.append(
                        "\(choice.strategy) on \(count): too little memory: \(lacking.joined(separator: ", "))")
                    continue
                }
                let one = try plan.simulated(with: model, slowdowns: own)
                let all = pictures == 1 ? one : try plan.simulated(with: model, pictures: pictures, slowdowns: own)
                points.append(
                    Point(
                        nodes: count, latency_ms: one.duration * 1e3, pictures_per_second: all.throughput,
                        speedup: best.simulation.duration / all.duration))
            }
            return Line(strategy: choice.strategy, points: points, problems: problems)
        }
    }
}

extension ScalingReport: CustomStringConvertible {
    /// A table with a row for each number of nodes, and a latency and a speed-up for each strategy.
    public var description: String {
        var table = TextTable(header: ["nodes"] + lines.flatMap { [$0.strategy, "speed-up"] })
        for count in Set(lines.flatMap(\.points).map(\.nodes)).sorted() {
            let cells = lines.flatMap { line in
                guard let point = line.points.first(where: { $0.nodes == count }) else { return ["-", "-"] }
                return [String(format: "%.1f ms", point.latency_ms), String(format: "%.2f", point.speedup)]
            }
            table.add(["\(count)"] + cells)
        }
        let alone = String(
            format: "%@ alone: %.1f ms, %.2f pictures/s", single.device, single.latency_ms, single.pictures_per_second)
        return ([table.description, alone] + lines.flatMap(\.problems)).joined(separator: "\n")
    }
}
