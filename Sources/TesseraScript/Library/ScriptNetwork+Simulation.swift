import Tessera

/// What plans would come to.
extension ScriptNetwork {
    static var simulate: Binding {
        Binding(
            of: ScriptNetwork.self, "simulate",
            "simulate{\(planOptions), pictures?: integer, stragglers?: table<string, number>, inputs?: table, [string]: any}"
                + " -> table, Plan",
            "Cuts the network, by `auto` unless another strategy is named, and runs the plan in virtual time. Gives a table with what "
                + "`tessera simulate --json` prints of a strategy, and the plan. `pictures` are there from the start; `stragglers` says "
                + "of devices, by name, how many times as long they take as the plan supposes.",
            example: """
                \(ScriptLibrary.exampleNetwork)
                local report, plan = net:simulate{nodes = 2, strategy = "vertical"}
                assert(report.latency_ms > 0 and report.busy_nodes == plan.nodes)
                """
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let shapes = try options.take("inputs", network.shapes) ?? [:]
            let pictures = try options.integer("pictures") ?? 1
            let stragglers = try options.take("stragglers") { value in
                try value.requireNamed().mapValues { try $0.requireNumber() }
            }
            let (plan, cluster) = try network.plan(&options, strategy: "auto") {
                try network.outline(for: shapes)
            }
            let slowdowns = try locatingErrors(path: "\(call.name): option 'stragglers'") {
                try cluster.slowdowns(stragglers ?? [:])
            }
            let (report, _) = try SimulationReport.make(
                plan, model: CostModel(plan.graph, on: cluster), pictures: pictures, slowdowns: slowdowns)
            return [ScriptValue(report), .object(ScriptPlan(plan))]
        }
    }

    static var compare: Binding {
        Binding(
            of: ScriptNetwork.self, "compare",
            "compare{nodes?: integer, cluster?: string, up_to?: string, inputs?: table, [string]: any}"
                + " -> {strategy: string, plan?: Plan, error?: string}[]",
            "Cuts the network by every strategy. A further option counts for all that know it. A strategy that cannot cut the network "
                + "has an error in place of a plan."
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let shapes = try options.take("inputs", network.shapes) ?? [:]
            let (nodes, _, cluster) = try options.nodes()
            let end = try options.string("up_to")
            let comparison = try PlanComparison(
                try network.outline(for: shapes), nodes: nodes, options: try options.rest(), upTo: end,
                cluster: cluster, strategies: network.context.modules.strategies)
            let rows = comparison.rows.map { row -> ScriptValue in
                switch row.result {
                case .success(let plan): ["strategy": .string(row.strategy), "plan": .object(ScriptPlan(plan))]
                case .failure(let error): ["strategy": .string(row.strategy), "error": .string("\(error)")]
                }
            }
            return [.table(ScriptTable(array: rows))]
        }
    }
}

extension NamedOptions {
    /// Takes `nodes` and `cluster`: how many nodes, what is known of them, and the file that says so, if there is one.
    ///
    /// - Parameter given: how many there are, if `nodes` was taken already.
    mutating func nodes(_ given: Int? = nil) throws -> (count: Int, cluster: ClusterProfile, file: String?) {
        let known = try take("cluster") { value in
            let file = try value.requireString()
            return (file: file, cluster: try ClusterProfile(path: file))
        }
        if let known { return (try given ?? integer("nodes") ?? known.cluster.nodes.count, known.cluster, known.file) }
        let count = try given ?? require("nodes", "how many nodes") { try $0.requireInteger() }
        return (count, ClusterProfile(equalNodes: min(max(count, 0), ClusterProfile.nodeLimit)), nil)
    }
}

extension NamedOptions {
    /// Takes `nodes` of a deployment if they run already: addresses, or how they are looked for; nil if they are to be started here.
    ///
    /// - Throws: `invalidArgument` for no node, and for nodes to look for without saying how many.
    mutating func members(transport: String?) throws -> Deployment.Members? {
        if isNumber("nodes") { return nil }
        return try take("nodes") { value in
            let choice = try NodesChoice(configuration: value.configuration())
            guard !choice.isEmpty else { throw TesseraError(.invalidArgument, "expected addresses, got none") }
            let members = try choice.members(for: transport)
            guard members.count != nil else {
                throw TesseraError(
                    .invalidArgument, "expected how many nodes there must be, as in {discover = true, count = 4}")
            }
            return members
        }
    }
}

extension ScriptValue {
    /// What `tessera simulate --json` prints of a strategy.
    init(_ report: SimulationReport) {
        let devices = report.devices.map { share -> ScriptValue in
            [
                "device": .string(share.device), "compute_ms": .number(share.compute_ms),
                "send_ms": .number(share.send_ms), "receive_ms": .number(share.receive_ms),
                "utilization": .number(share.utilization), "memory_bytes": .integer(share.memory_bytes),
            ]
        }
        let single = report.single.map { single -> ScriptValue in
            [
                "device": .string(single.device), "latency_ms": .number(single.latency_ms),
                "pictures_per_second": .number(single.pictures_per_second),
            ]
        }
        func list(_ texts: [String]) -> ScriptValue { .table(ScriptTable(array: texts.map(ScriptValue.string))) }
        self = [
            "strategy": .string(report.strategy), "pictures": .integer(report.pictures),
            "latency_ms": .number(report.latency_ms), "pictures_per_second": .number(report.pictures_per_second),
            "single": single ?? .nil, "speedup": report.speedup.map(ScriptValue.number) ?? .nil,
            "bytes_moved": .integer(report.bytes_moved), "stages": .integer(report.stages),
            "busy_nodes": .integer(report.busy_nodes), "devices": .table(ScriptTable(array: devices)),
            "over_budget": list(report.over_budget), "notes": list(report.notes),
        ]
    }
}
