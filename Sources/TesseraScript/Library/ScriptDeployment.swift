import Tessera

/// A network on nodes of this process, as scripts hold it.
final class ScriptDeployment: ScriptObject {
    /// What one inference took.
    struct Report: Sendable {
        var latency: Duration
        var sent: Int
        var received: Int
        var exchanged: Int
        var distributed: Int
        var saved: Int

        init(_ report: ClusterTask.Report, of deployment: Deployment) async {
            (latency, sent, received) = (report.latency, report.bytesSent, report.bytesReceived)
            exchanged = report.bytesExchanged
            (distributed, saved) = (await deployment.distributedByteCount, await deployment.savedByteCount)
        }

        func table(for plan: Plan) -> ScriptValue {
            [
                "latency_ms": .number(latency / .milliseconds(1)), "bytes_sent": .integer(sent),
                "bytes_received": .integer(received), "bytes_between_nodes": .integer(exchanged),
                "bytes_distributed": .integer(distributed), "bytes_saved": .integer(saved),
                "nodes": .integer(plan.nodeCount),
                "busy_nodes": .integer(plan.busyNodes.count), "strategy": .string(plan.strategy),
                "redundancy": .number(plan.redundancy), "speedup_bound": .number(plan.speedupBound),
            ]
        }
    }

    private let deployment: Deployment
    private let network: ScriptNetwork

    init(_ deployment: Deployment, of network: ScriptNetwork) {
        self.deployment = deployment
        self.network = network
    }

    deinit {
        let deployment = deployment
        Task { await deployment.close() }
    }

    var scriptDescription: String {
        "deployment of '\(network.network.name)' on \(deployment.plan.nodeCount) nodes by '\(deployment.plan.strategy)'"
    }

    static var scriptType: ScriptType {
        ScriptType(
            "Deployment", "A network on nodes, ready to run.",
            methods: [
                Binding(
                    of: ScriptDeployment.self, "run",
                    "run(inputs: Tensor|Image|string|table<string, Tensor|Image|string>) -> Tensor|table<string, Tensor>, table",
                    "Runs one inference on the nodes. Gives what `net:deploy` gives."
                ) { object, call in
                    try call.expectArguments(atMost: 1)
                    let deployment = object.deployment
                    let tensors = try locatingErrors(path: call.name) { try object.network.tensors(from: call[1]) }
                    let (outputs, report) = try wait(atMost: call.limits.seconds) {
                        let result = try await deployment.run(tensors)
                        return (result.outputs, await Report(result.report, of: deployment))
                    }
                    return [object.network.result(outputs), report.table(for: deployment.plan)]
                }
            ],
            properties: [
                Binding(of: ScriptDeployment.self, property: "plan", "Plan", "How the network is cut.") {
                    .object(ScriptPlan($0.deployment.plan))
                }
            ],
            isClosable: true)
    }
}
