import Tessera
import TesseraTestSupport
import Testing

/// Nodes that compute some channels of a layer get these channels' weights.
@Suite struct WeightPartTests {
    private let hub = LoopbackHub()

    private func node(_ name: PeerID) async throws -> Node {
        let equipment = ClusterTaskTests.equipment
        return await equipment.node(on: try hub.join(equipment.information(named: name)))
    }

    @Test("each weight is sent once where channels are cut, and not again to a node that has the whole")
    func distribution() async throws {
        let leader = try await node("leader")
        let nodes = [try await node("a"), try await node("b"), try await node("c")]
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 20, 24])
        let expected = try DeploymentTests.single(graph, inputs)
        let byteCount = graph.parameters.flatMap(\.values).reduce(0) { $0 + $1.byteCount }
        func distribute(_ strategy: String, to peers: [PeerID]) async throws -> Int {
            let plan = try PartitionChoice(strategy: strategy).plan(graph, nodes: peers.count, strategies: .builtin)
            #expect(plan.busyNodes.count == peers.count)
            let task = try await ClusterTask.lead(plan, on: leader, peers: peers)
            #expect((try await task.run(inputs).outputs == expected) as Bool)
            let distributed = await task.distributedByteCount
            await task.finish()
            return distributed
        }
        let parts = try await distribute("channel", to: ["a", "b"])
        #expect(parts > byteCount && parts < byteCount * 5 / 4, "\(byteCount) bytes of weights")
        // All of them now: neither has the other's half.
        let whole = try await distribute("vertical", to: ["a", "b"])
        #expect(whole > byteCount * 3 / 2)
        // Two thirds of what is cut in three are not what is cut in two, but a and b have everything.
        let third = try await distribute("channel", to: ["a", "b", "c"])
        #expect(third < byteCount * 3 / 4, "a third of the weights, and layers for three")
        for node in nodes + [leader] { await node.close() }
    }
}
