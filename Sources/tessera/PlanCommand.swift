import ArgumentParser
import Foundation
import Tessera

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows how a network would be cut for several nodes.",
        discussion: "Prints every node's sub-map after every layer, as (x,y) of its top-left and bottom-right pixel.")

    @OptionGroup var network: NetworkOptions
    @OptionGroup var shapes: ShapeOptions
    @OptionGroup var partition: PartitionOptions
    @OptionGroup var plugins: PluginOptions

    @Option(help: "The number of nodes; that of the cluster's file, or 2.")
    var nodes: Int?

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    @Option(help: "Write a picture of the plan.")
    var svg: String?

    @Flag(help: "Show what every strategy comes to instead; an option counts for those that know it.")
    var compare = false

    func validate() throws {
        guard !compare || (partition.strategy == nil && svg == nil) else {
            throw ValidationError("'--compare' is about all strategies: leave out '--strategy' and '--svg'")
        }
    }

    func run() throws {
        let modules = try plugins.modules()
        let graph = try shapes.bind(network.load(modules))
        let choice = try partition.choice()
        let nodes = try nodes ?? choice.cluster.map { try ClusterProfile(path: $0).nodes.count } ?? 2
        if compare {
            let comparison = try PlanComparison(
                graph, nodes: nodes, options: choice.options, upTo: choice.upTo, cluster: choice.cluster,
                strategies: modules.strategies)
            if json { try printJSON(comparison) } else { print(comparison, terminator: "") }
            return
        }
        let plan = try choice.plan(graph, nodes: nodes, strategies: modules.strategies)
        if let svg { try writeFile(plan.svg(), to: svg) }
        if json { try printJSON(PlanReport(plan)) } else { print(plan, terminator: "") }
    }
}
