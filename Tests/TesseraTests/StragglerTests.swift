import Foundation
import Synchronization
import Tessera
import TesseraTestSupport
import Testing

/// Nodes that take far too long are not waited for.
@Suite(.serialized) struct StragglerTests {
    @Test("a node that takes far longer than before: others do its work, and it is taken up again when it is done")
    func straggler() async throws {
        let gate = Gate()
        let cluster = try await Cluster.local(
            3, transport: SlowNodeFactory(gates: ["node-2": gate]), equipment: ClusterTaskTests.equipment)
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 48, 40])
        let expected = try DeploymentTests.single(graph, inputs)
        let planner = try PartitionChoice().planner(graph, nodes: 3, strategies: .builtin)
        let task = try await RecoveringTask.lead(planner([0, 1, 2]), on: cluster, planner: planner)
        for _ in 0..<4 { #expect((try await task.run(inputs).outputs == expected) as Bool) }
        gate.close()
        for _ in 0..<2 { #expect((try await task.run(inputs).outputs == expected) as Bool) }
        #expect(await task.plan.nodeCount == 2)
        #expect(await task.recovered == 0, "the node is not lost")
        gate.open()
        try await FaultyCluster.wait(for: "a plan for all nodes") { await task.plan.nodeCount == 3 }
        #expect((try await task.run(inputs).outputs == expected) as Bool)
        await task.finish()
        await cluster.close()
    }

    @Test("more nodes than half take too long at first, and one of them to the end")
    func stragglerAmongSlow() async throws {
        let (short, long) = (Gate(), Gate())
        let cluster = try await Cluster.local(
            3, transport: SlowNodeFactory(gates: ["node-2": long, "node-3": short]),
            equipment: ClusterTaskTests.equipment)
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 48, 40])
        let expected = try DeploymentTests.single(graph, inputs)
        let planner = try PartitionChoice().planner(graph, nodes: 3, strategies: .builtin)
        let task = try await RecoveringTask.lead(planner([0, 1, 2]), on: cluster, planner: planner)
        for _ in 0..<4 { _ = try await task.run(inputs) }
        short.close()
        long.close()
        async let answer = task.run(inputs).outputs
        try await Task.sleep(for: .seconds(2))
        #expect(await task.plan.nodeCount == 3, "two nodes of three are not done without")
        short.open()
        #expect((try await answer == expected) as Bool)
        #expect(await task.plan.nodeCount == 2)
        long.open()
        await task.finish()
        await cluster.close()
    }
}

/// Holds up whoever passes while it is closed.
private final class Gate: Sendable {
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]?>(nil)

    func close() { waiting.withLock { $0 = [] } }

    func open() {
        let all = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting ?? []
        }
        for one in all { one.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = waiting.withLock { waiting in
                waiting?.append(continuation)
                return waiting == nil
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Loopback on which some nodes tell that tiles are made only when their gates are open.
private struct SlowNodeFactory: TransportFactory {
    let hub = LoopbackHub()
    let gates: [PeerID: Gate]

    func start(_ options: TransportOptions) async throws -> any Transport {
        let base = try hub.join(options.information)
        guard let gate = gates[base.localPeer] else { return base }
        return SlowTransport(base: base, gate: gate)
    }
}

private struct SlowTransport: Transport {
    let base: LoopbackTransport
    let gate: Gate

    var information: PeerInformation { base.information }
    var events: AsyncStream<TransportEvent> { base.events }
    var peers: [PeerInformation] { base.peers }

    func send(_ message: Message, to peer: PeerID) async throws {
        if message.kind == "made" { await gate.pass() }
        try await base.send(message, to: peer)
    }

    func broadcast(_ message: Message) async throws { try await base.broadcast(message) }
    func close() async { await base.close() }
}
