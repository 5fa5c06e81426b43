import Foundation
import Tessera
import TesseraTestSupport

/// A leader in this process and nodes in processes of their own, between which something goes wrong.
struct FaultyCluster: Sendable {
    let nodes: [NodeProcess]
    let cluster: Cluster
    let journal: LeaderJournal
    let graph: BoundGraph

    /// - Parameter shape: that of the image; what it is cut for has seventeen stages, which exchange their edges.
    init(_ count: Int, shape: Shape = [1, 1, 96, 80]) async throws {
        let journal = LeaderJournal()
        nodes = try (1...count).map { try NodeProcess(name: "node-\($0)", "--threads", "1") }
        graph = try DeploymentTests.load("dncnn", shape).0
        self.journal = journal
        cluster = try await Cluster.connected(
            to: nodes.map(\.address), transport: WatchedTransportFactory(journal: journal),
            equipment: ClusterTaskTests.equipment)
    }

    func lead() async throws -> RecoveringTask {
        let choice = PartitionChoice(
            strategy: "fused-grid", options: .map([("cut_after", ["conv"].configuration)]))
        let planner = try choice.planner(graph, nodes: nodes.count, strategies: .builtin)
        return try await RecoveringTask.lead(planner(Array(nodes.indices)), on: cluster, planner: planner)
    }

    /// Inputs that differ by their number, and what a single node makes of them.
    func example(_ number: Int) throws -> (inputs: [String: Tensor], expected: [String: Tensor]) {
        var generator = SeededGenerator(seed: UInt64(number))
        let inputs = ["image": try Tensor.random(graph.shapes[graph.graph.inputs[0].value], using: &generator)]
        return (inputs, try DeploymentTests.single(graph, inputs))
    }

    func close() async {
        await cluster.close()
        for node in nodes { node.end() }
    }

    /// Waits until a condition holds.
    ///
    /// - Throws: `limitExceeded` after half a minute.
    static func wait(for what: String, until condition: () async -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while await !condition() {
            guard ContinuousClock.now < deadline else {
                throw TesseraError(.limitExceeded, "\(what) did not happen within 30 s")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
