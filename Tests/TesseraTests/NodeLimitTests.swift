import Tessera
import TesseraTestSupport
import Testing

/// What a node does when a leader asks for more than it takes on.
@Suite struct NodeLimitTests {
    private let hub = LoopbackHub()
    private let leader: Node

    init() async throws {
        leader = await ClusterTaskTests.equipment.node(
            on: try hub.join(ClusterTaskTests.equipment.information(named: "leader")))
    }

    private func node(_ change: (inout NodeLimits) -> Void) async throws -> Node {
        var equipment = ClusterTaskTests.equipment
        change(&equipment.limits)
        return await equipment.node(on: try hub.join(equipment.information(named: "small")))
    }

    private func plan(_ shape: Shape) throws -> (Plan, [String: Tensor]) {
        let (graph, inputs) = try DeploymentTests.load("dncnn", shape)
        return (try PartitionChoice().plan(graph, nodes: 1, strategies: .builtin), inputs)
    }

    /// Expects an error that names the limit and the node, and that the node has nothing left of it.
    private func expectRefusal(by node: Node, naming limit: String, _ body: () async throws -> Void) async throws {
        let error = await #expect(throws: TesseraError.self) { try await body() }
        let text = String(describing: error)
        #expect(text.contains("node 'small' failed") && text.contains("(the limit '\(limit)')"), "\(text)")
        let deadline = ContinuousClock.now + .seconds(20)
        while await value("tessera_tasks", of: node) > 0 {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(2))
        }
        while await value("tessera_memory_bytes", of: node) > 0 {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(2))
        }
        let failures = await value("tessera_task_failures_total", of: node)
        #expect(failures >= 1)
    }

    private func value(_ name: String, of node: Node) async -> Double {
        await node.metrics().first { $0.name == name }?.value ?? -1
    }

    @Test("a task beyond the limit is refused, and those under way go on")
    func tasks() async throws {
        let node = try await node { $0.tasks = 1 }
        let (plan, inputs) = try plan([1, 1, 16, 16])
        let first = try await ClusterTask.lead(plan, on: leader, peers: ["small"])
        let error = await #expect(throws: TesseraError.self) {
            try await ClusterTask.lead(plan, on: leader, peers: ["small"])
        }
        #expect(
            String(describing: error).contains("at most 1 tasks (the limit 'tasks')"), "\(String(describing: error))")
        _ = try await first.run(inputs)
        await first.finish()
        let next = try await ClusterTask.lead(plan, on: leader, peers: ["small"])
        _ = try await next.run(inputs)
        await next.finish()
        await node.close()
    }

    @Test func inferencesBeyondTheLimit() async throws {
        let node = try await node { $0.requests = 2 }
        let (plan, inputs) = try plan([1, 1, 64, 64])
        try await expectRefusal(by: node, naming: "requests") {
            let task = try await ClusterTask.lead(plan, on: leader, peers: ["small"])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<30 { group.addTask { _ = try await task.run(inputs) } }
                try await group.waitForAll()
            }
        }
        await node.close()
    }

    @Test("a leader starts no more inferences at once than its own limit, and those under way go on")
    func inferencesOfALeader() async throws {
        var equipment = ClusterTaskTests.equipment
        equipment.limits.requests = 1
        let leader = await equipment.node(on: try hub.join(equipment.information(named: "strict")))
        let node = try await node { _ in }
        let (plan, inputs) = try plan([1, 1, 96, 96])
        let task = try await ClusterTask.lead(plan, on: leader, peers: ["small"])
        let outcomes = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do { _ = try await task.run(inputs) } catch { return "\(error)" }
                    return nil
                }
            }
            return await group.reduce(into: [String?]()) { $0.append($1) }
        }
        #expect(outcomes.contains(nil))
        #expect(outcomes.contains { $0?.contains("at most 1 inferences") == true }, "\(outcomes)")
        _ = try await task.run(inputs)
        await leader.close()
        await node.close()
    }

    @Test(
        "maps that do not fit in a node's memory are refused before they are computed; weights have a limit of their own"
    )
    func memory() async throws {
        // Less than the weights.
        let node = try await node { $0.memory = 1 }
        let (large, _) = try plan([1, 1, 600, 600])
        try await expectRefusal(by: node, naming: "memory") {
            _ = try await ClusterTask.lead(large, on: leader, peers: ["small"])
        }
        let (small, inputs) = try plan([1, 1, 16, 16])
        let task = try await ClusterTask.lead(small, on: leader, peers: ["small"])
        _ = try await task.run(inputs)
        await task.finish()
        await node.close()
    }

    @Test func weightsThatDoNotFit() async throws {
        let node = try await node { $0.weights = 1 }
        let (plan, _) = try plan([1, 1, 16, 16])
        try await expectRefusal(by: node, naming: "weights") {
            _ = try await ClusterTask.lead(plan, on: leader, peers: ["small"])
        }
        await node.close()
    }

    @Test(arguments: ["tasks", "requests", "memory", "weights"])
    func aLimitOfNothingIsRefused(_ key: String) {
        let error = #expect(throws: TesseraError.self) {
            try NodeLimits(configuration: YAMLReader.parse("{\(key): 0}", file: "limits.yaml"))
        }
        #expect(String(describing: error).contains("'\(key)'"))
    }
}
