import Foundation
import Tessera

/// Cutting a network, and running it on several nodes.
extension ScriptNetwork {
    static let planOptions = "nodes?: integer, \(cutOptions)"
    private static let cutOptions = "cluster?: string, strategy?: string, up_to?: string"
    private static let deployOptions =
        "nodes?: integer|string|string[]|table, \(cutOptions), security?: table, transport?: string|table, threads?: integer, exact?: boolean, precision?: string, layer_precision?: table, "
        + "fold?: boolean, tune?: boolean, [string]: any"

    static var plan: Binding {
        Binding(
            of: ScriptNetwork.self, "plan",
            "plan{\(planOptions), inputs?: table, [string]: any} -> Plan",
            "Cuts the network for so many nodes, or for those that the file `cluster` describes. `up_to` names the layer at which the cut part ends at the latest; `inputs` gives "
                + "shapes, or tensors or pictures of them, where the network leaves sizes open; further options are the strategy's.",
            example: """
                \(ScriptLibrary.exampleNetwork)
                local plan = net:plan{nodes = 2, strategy = "vertical"}
                assert(plan.stages[1].tiles[2].node == 2)
                """
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let shapes = try options.take("inputs", network.shapes) ?? [:]
            return [.object(ScriptPlan(try network.plan(&options) { try network.outline(for: shapes) }.plan))]
        }
    }

    static var deploy: Binding {
        Binding(
            of: ScriptNetwork.self, "deploy",
            "deploy{\(deployOptions), inputs: table}"
                + " -> Tensor|table<string, Tensor>, table",
            "Runs one inference on so many nodes of this process, or as many as the file `cluster` describes, or on those at the addresses that "
                + "`nodes` lists, as in a deployment file, with `security = {certificates = FOLDER}` beyond this machine. Gives what `run` gives, and a table with latency_ms, bytes_sent, "
                + "bytes_received, bytes_between_nodes, bytes_distributed, bytes_saved, nodes, busy_nodes, strategy, redundancy and speedup_bound. `fold = false` runs the "
                + "network as it is written, see `net:fold`. What was compressed, see `net:compress`, goes to the nodes as it is compressed, unless "
                + "folding changes it."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let tensors = try options.require("inputs", "tensors or pictures by name", network.tensors)
            let start = try network.deployment(&options, shapes: tensors.mapValues(\.shape))
            let plan = start.plan
            let (outputs, report) = try wait(atMost: call.limits.seconds) {
                let deployment = try await start.run()
                do {
                    let result = try await deployment.run(tensors)
                    let report = await ScriptDeployment.Report(result.report, of: deployment)
                    await deployment.close()
                    return (result.outputs, report)
                } catch {
                    await deployment.close()
                    throw error
                }
            }
            return [network.result(outputs), report.table(for: plan)]
        }
    }

    static var start: Binding {
        Binding(
            of: ScriptNetwork.self, "start",
            "start{\(deployOptions), inputs?: table}"
                + " -> Deployment",
            "Starts so many nodes in this process, or as many as the file `cluster` describes, or joins those that `nodes` lists, see `net:deploy`, and "
                + "distributes the network to them, for any number of inferences."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let shapes = try options.take("inputs", network.shapes) ?? [:]
            let start = try network.deployment(&options, shapes: shapes)
            let deployment = try wait(atMost: call.limits.seconds) { try await start.run() }
            return [.object(ScriptDeployment(deployment, of: network))]
        }
    }

    /// The graph for inputs of these shapes as it is written, without weights: what plans need.
    func outline(for shapes: [String: Shape]) throws -> BoundGraph {
        try network.boundWithoutWeights(inputs: singleShapes(shapes))
    }

    /// Takes the options of a plan; what is left is the strategy's.
    ///
    /// - Parameter known: how many nodes there are, if `nodes` was taken already.
    func plan(
        _ options: inout NamedOptions, nodes known: Int? = nil, strategy: String = PartitionChoice.defaultStrategy,
        of graph: () throws -> BoundGraph
    ) throws -> (plan: Plan, cluster: ClusterProfile) {
        let (nodes, cluster, file) = try options.nodes(known)
        let name = try options.string("strategy") ?? strategy
        let end = try options.string("up_to")
        let strategies = context.modules.strategies
        let module = try strategies.module(name)
        if !module.takesAnyKey { try options.expectRest(among: module.keys.map(\.name)) }
        let choice = PartitionChoice(strategy: name, options: try options.rest(), upTo: end, cluster: file)
        return (try choice.plan(try graph(), nodes: nodes, strategies: strategies), cluster)
    }

    /// Takes the options of a deployment, and plans here: a strategy of a script can only be called on the script's thread.
    private func deployment(_ options: inout NamedOptions, shapes: [String: Shape]) throws -> DeploymentStart {
        let transport = try options.take("transport") { try TransportChoice(configuration: $0.configuration()) }
        let threads = try options.threads("threads")
        let exact = try options.bool("exact") ?? true
        let settings = try options.settings()
        let security = try options.take("security") { try SecurityChoice(configuration: $0.configuration()) }
        let members = try options.members(transport: transport?.kind)
        let (plan, _) = try plan(&options, nodes: members?.count) { try graph(for: shapes, fold: settings.fold) }
        let coded = try compressed.map {
            try CodedWeights($0, of: network, inputs: singleShapes(shapes))
        }
        return DeploymentStart(
            plan: plan, members: members ?? .local(plan.nodeCount), coded: coded ?? CodedWeights(),
            transport: transport,
            security: security, threads: threads, exact: exact, settings: settings, modules: context.modules)
    }
}

/// All that starting a deployment takes, on whatever thread.
private struct DeploymentStart: Sendable {
    var plan: Plan
    var members: Deployment.Members
    var coded: CodedWeights
    var transport: TransportChoice?
    var security: SecurityChoice?
    var threads: Int?
    var exact: Bool
    var settings: RunSettings
    var modules: Modules

    func run() async throws -> Deployment {
        var modules = modules
        let strategy = FixedStrategy(choices: plan.stages.map(\.choice))
        modules.strategies = Registry(
            kind: "partition strategy", [Module(name: plan.strategy, summary: "") { _ in strategy }])
        return try await .start(
            plan.graph, partition: PartitionChoice(strategy: plan.strategy), transport: transport,
            members: members, security: security, threads: threads, exact: exact, precision: settings.precision,
            tune: settings.tune, coded: coded, modules: modules)
    }
}

/// Choices that were made already.
private struct FixedStrategy: PartitionStrategy {
    var choices: [StageChoice]
    func stages(for span: Span, nodes: Int) -> [StageChoice] { choices }
}
