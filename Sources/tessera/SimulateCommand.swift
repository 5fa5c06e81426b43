import ArgumentParser
import Foundation
import Tessera

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs plans of a network in virtual time, on a cluster that a file describes.",
        discussion: """
            Tiles take what the cost model says, pieces what their links say; docs/planning.md says how. Times are of the \
            model, not of this machine.
            """)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var shapes: ShapeOptions
    @OptionGroup var plugins: PluginOptions

    @Option(help: "The file that says what the nodes are and what joins them.")
    var cluster: String

    @Option(
        name: .customLong("strategy"),
        help: "A partition strategy; several are compared. 'auto' by default.")
    var strategies: [String] = []

    @Option(
        name: .customLong("option"),
        help: ArgumentHelp("An option of the strategy, if it is just one.", valueName: "KEY=VALUE"))
    var options: [String] = []

    @Option(help: "The layer at which the span that is cut ends at the latest.")
    var upTo: String?

    @Option(help: "How many pictures there are from the start.")
    var pictures = 1

    @Option(
        name: .customLong("straggler"),
        help: ArgumentHelp(
            "A device that takes so many times as long as the plan supposes.", valueName: "NODE=FACTOR"))
    var stragglers: [String] = []

    @Option(help: "Write a picture of what every device does when.")
    var svg: String?

    @Option(
        help: ArgumentHelp(
            "Show what the strategies come to on so many of the nodes, the first ones of the file.",
            valueName: "N|FROM..TO"))
    var nodes: NodeRange?

    @Option(
        help: ArgumentHelp(
            "Write a picture of the speed-up against the number of nodes, with a line for each strategy; all nodes if '--nodes' is left out.",
            valueName: "FILE"))
    var scaling: String?

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    func validate() throws {
        guard options.isEmpty || strategies.count <= 1 else {
            throw ValidationError("'--option' is for one strategy, found \(strategies.count)")
        }
        guard svg == nil || strategies.count <= 1 else {
            throw ValidationError("'--svg' is for one strategy, found \(strategies.count)")
        }
        guard svg == nil || (nodes == nil && scaling == nil) else {
            throw ValidationError("'--svg' draws one run: it goes with neither '--nodes' nor '--scaling'")
        }
    }

    private struct Report: Encodable {
        let network: String
        let nodes: Int
        let strategies: [SimulationReport]
    }

    func run() throws {
        let modules = try plugins.modules()
        let network = try self.network.load(modules)
        let graph = try shapes.bind(network)
        let profile = try ClusterProfile(path: cluster)
        let model = CostModel(graph, on: profile)
        let slowdowns = try slowdowns(on: profile)
        if nodes != nil || scaling != nil {
            return try scale(network.name, graph, on: profile, slowdowns, modules)
        }
        var reports: [SimulationReport] = []
        for name in strategies.isEmpty ? ["auto"] : strategies {
            var choice = try PartitionOptions.choice(strategy: name, options: options, upTo: upTo)
            choice.cluster = cluster
            let plan = try choice.plan(graph, nodes: profile.nodes.count, strategies: modules.strategies)
            let (report, simulation) = try SimulationReport.make(
                plan, model: model, pictures: pictures, slowdowns: slowdowns)
            reports.append(report)
            if let svg {
                try writeFile(Timeline(simulation, on: profile).svg(title: "\(network.name), \(name)"), to: svg)
            }
        }
        guard !json else {
            return try printJSON(Report(network: network.name, nodes: profile.nodes.count, strategies: reports))
        }
        guard reports.count > 1 else { return print(reports.first?.description ?? "") }
        var table = TextTable(header: SimulationReport.header)
        for report in reports { table.add(report.row) }
        print(table)
        print(reports[0].singleText)
        for report in reports where !report.over_budget.isEmpty {
            print("\(report.strategy): TOO LITTLE MEMORY: \(report.over_budget.joined(separator: ", "))")
        }
    }

    /// Shows what strategies come to on more and more nodes.
    private func scale(
        _ name: String, _ graph: BoundGraph, on cluster: ClusterProfile, _ slowdowns: [Int: Double], _ modules: Modules
    ) throws {
        let choices = try (strategies.isEmpty ? ["auto"] : strategies).map {
            try PartitionOptions.choice(strategy: $0, options: options, upTo: upTo)
        }
        let report = try ScalingReport(
            name, graph, on: cluster, nodes: nodes?.range ?? 1...cluster.nodes.count, choices, pictures: pictures,
            slowdowns: slowdowns, strategies: modules.strategies)
        if let scaling { try writeFile(report.svg(), to: scaling) }
        if json { try printJSON(report) } else { print(report) }
    }

    /// The stragglers by endpoint.
    private func slowdowns(on cluster: ClusterProfile) throws -> [Int: Double] {
        var result: [Int: Double] = [:]
        for straggler in stragglers {
            let parts = straggler.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let factor = Double(parts[1]), let endpoint = cluster.endpoint(named: parts[0])
            else {
                throw TesseraError(
                    .invalidArgument,
                    "'--straggler' expects NODE=FACTOR, found '\(straggler)'"
                        + suggestion(for: parts.first ?? "", among: cluster.deviceNames))
            }
            result[endpoint] = factor
        }
        return result
    }
}

/// One number of nodes or several: `4`, `1..8`.
struct NodeRange: ExpressibleByArgument {
    let range: ClosedRange<Int>

    init?(argument: String) {
        let ends = argument.components(separatedBy: "..").map { Int($0) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 1, first <= last
        else { return nil }
        range = first...last
    }
}
