import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Leaders and nodes: who leads, what travels, what is refused.
@Suite struct ClusterTaskTests {
    @Test("two nodes of three lead tasks of their own at the same time, and compute for each other (A7)")
    func severalLeaders() async throws {
        let nodes = try await Self.nodes(["a", "b", "c"])
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 40, 40])
        let expected = try DeploymentTests.single(graph, inputs)
        let plan = try PartitionChoice().plan(graph, nodes: 3, strategies: .builtin)
        try await withThrowingTaskGroup(of: [String: Tensor].self) { group in
            for leader in nodes.prefix(2) {
                group.addTask {
                    let task = try await ClusterTask.lead(plan, on: leader, peers: ["a", "b", "c"])
                    _ = try await task.run(inputs)
                    let (outputs, _) = try await task.run(inputs)
                    await task.finish()
                    return outputs
                }
            }
            for try await outputs in group { #expect((outputs == expected) as Bool) }
        }
        for node in nodes { await node.close() }
    }

    @Test("nodes at addresses serve two leaders, and get weights they have only once")
    func contentAddressedWeights() async throws {
        let (nodes, addresses) = try await Self.listeningNodes(["x", "y"])
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 33, 20])
        let expected = try DeploymentTests.single(graph, inputs)
        let weightBytes = graph.parameters.flatMap(\.values).reduce(0) { $0 + $1.byteCount }
        var distributed: [Int] = []
        for _ in 0..<2 {
            let deployment = try await Deployment.start(
                graph, partition: PartitionChoice(), transport: TransportChoice(kind: "tcp"),
                members: .addresses(addresses))
            distributed.append(await deployment.distributedByteCount)
            #expect(((try await deployment.run(inputs)).outputs == expected) as Bool)
            await deployment.close()
        }
        #expect(distributed[0] > 2 * weightBytes, "two nodes, each sent all weights")
        #expect(
            distributed[1] < weightBytes / 10,
            "no weight is sent again, found \(distributed[1]) bytes of \(weightBytes)")
        for node in nodes { await node.close() }
    }

    @Test("a node that cannot run a layer is named with the reason")
    func failingNode() async throws {
        var poor = Self.equipment
        poor.operators = Registry(kind: "layer", [Module(Conv.self)])
        let hub = LoopbackHub()
        let leader = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "leader")))
        let node = await poor.node(on: try hub.join(poor.information(named: "poor")))
        let (graph, _) = try DeploymentTests.load("dncnn", [1, 1, 8, 8])
        let plan = try PartitionChoice().plan(graph, nodes: 1, strategies: .builtin)
        let error = await #expect(throws: TesseraError.self) {
            try await ClusterTask.lead(plan, on: leader, peers: ["poor"])
        }
        #expect(error?.message.contains("node 'poor' failed") == true)
        #expect(error?.message.contains("unknown layer 'relu'") == true, "\(String(describing: error))")
        await node.close()
        await leader.close()
    }

    @Test("a tile that fails while it is computed ends the inference with the reason")
    func failingTile() async throws {
        var faulty = Self.equipment
        faulty.backend = FaultyBackend()
        let hub = LoopbackHub()
        let leader = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "leader")))
        let node = await faulty.node(on: try hub.join(Self.equipment.information(named: "faulty")))
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 8, 8])
        let plan = try PartitionChoice().plan(graph, nodes: 2, strategies: .builtin)
        let task = try await ClusterTask.lead(plan, on: leader, peers: ["leader", "faulty"])
        let error = await #expect(throws: TesseraError.self) { try await task.run(inputs) }
        #expect(error?.message.contains("node 'faulty' failed") == true, "\(String(describing: error))")
        #expect(error?.message.contains("kernels are out of order") == true, "\(String(describing: error))")
        await node.close()
        await leader.close()
    }

    @Test("a node without tiles may leave, and the task goes on")
    func idleNodeLeaves() async throws {
        let hub = LoopbackHub()
        let nodes = try await Self.nodes(["a", "b", "c"], on: hub)
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 2, 9])
        let plan = try PartitionChoice().plan(graph, nodes: 3, strategies: .builtin)
        #expect(plan.busyNodes == [0, 1])
        let task = try await ClusterTask.lead(plan, on: nodes[0], peers: ["a", "b", "c"])
        let expected = try DeploymentTests.single(graph, inputs)
        #expect(((try await task.run(inputs)).outputs == expected) as Bool)
        hub.drop("c")
        try await Task.sleep(for: .milliseconds(50))
        #expect(((try await task.run(inputs)).outputs == expected) as Bool)
        for node in nodes { await node.close() }
    }

    @Test("a node that leaves during an inference is named, in one process as well")
    func lostInProcess() async throws {
        let hub = LoopbackHub()
        let leader = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "leader")))
        let node = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "other")))
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 512, 512])
        let plan = try PartitionChoice().plan(graph, nodes: 2, strategies: .builtin)
        let task = try await ClusterTask.lead(plan, on: leader, peers: ["leader", "other"])
        let inference = Task { try await task.run(inputs) }
        try await Task.sleep(for: .milliseconds(50))
        hub.drop("other")
        let error = await #expect(throws: TesseraError.self) { try await inference.value }
        #expect(error?.message.contains("'other' was lost") == true, "\(String(describing: error))")
        await node.close()
        await leader.close()
    }

    @Test("inferences that are under way at once each give their own answer", arguments: ["vertical", "fused-grid"])
    func severalInferences(_ strategy: String) async throws {
        let nodes = try await Self.nodes(["a", "b", "c"])
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 64, 48])
        let options: Configuration = strategy == "vertical" ? .empty : .map([("cut_after", ["conv"].configuration)])
        let plan = try PartitionChoice(strategy: strategy, options: options)
            .plan(graph, nodes: 3, strategies: .builtin)
        let task = try await ClusterTask.lead(plan, on: nodes[0], peers: ["a", "b", "c"])
        let image = try #require(inputs["image"]).floats()
        let all = try (0..<8).map { number in
            ["image": try Tensor(image.map { $0 * Float(number) }, shape: [1, 1, 64, 48])]
        }
        try await withThrowingTaskGroup(of: (Int, [String: Tensor]).self) { group in
            for (number, inputs) in all.enumerated() {
                group.addTask { (number, try await task.run(inputs).outputs) }
            }
            for try await (number, outputs) in group {
                #expect((outputs == (try DeploymentTests.single(graph, all[number]))) as Bool, "inference \(number)")
            }
        }
        for node in nodes { await node.close() }
    }

    @Test("what nodes cannot send each other directly goes by way of the leader, and the result is the same")
    func relayed() async throws {
        let (nodes, addresses) = try await Self.listeningNodes(["x", "y"])
        let leader = await Self.equipment.node(
            on: try await TCPTransportFactory().start(
                TransportOptions(information: Self.equipment.information(named: "leader"), peers: addresses)))
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 40, 30])
        let plan = try PartitionChoice(
            strategy: "fused-grid",
            options: .map([("tiles", [2, 1].configuration), ("cut_after", ["conv5"].configuration)])
        ).plan(graph, nodes: 2, strategies: .builtin)
        var received: [Int] = []
        for known in [true, false] {
            let task = try await ClusterTask.lead(
                plan, on: leader, peers: ["x", "y"],
                addresses: known ? ["y": "127.0.0.1:1"] : [:])
            let (outputs, report) = try await task.run(inputs)
            await task.finish()
            #expect((outputs == (try DeploymentTests.single(graph, inputs))) as Bool)
            received.append(report.bytesReceived)
            #expect(report.bytesExchanged > 0)
            #expect(report.bytesReceived > report.bytesExchanged, "all of it passed through the leader")
        }
        let task = try await ClusterTask.lead(
            plan, on: leader, peers: ["x", "y"], addresses: ["x": addresses[0], "y": addresses[1]])
        let (outputs, report) = try await task.run(inputs)
        #expect((outputs == (try DeploymentTests.single(graph, inputs))) as Bool)
        #expect(
            report.bytesReceived < received[0] - report.bytesExchanged / 2,
            "\(report.bytesReceived) bytes reached the leader, \(received) when it passed on \(report.bytesExchanged)")
        await task.finish()
        for node in nodes + [leader] { await node.close() }
    }

    @Test("a leader that is slow to take sub-maps gets on with the next inference meanwhile")
    func slowLeader() async throws {
        let hub = LoopbackHub()
        let leader = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "leader")))
        let gated = GatedTransport(try hub.join(Self.equipment.information(named: "node")), holding: "submap")
        let node = await Self.equipment.node(on: gated)
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 16, 16])
        let plan = try PartitionChoice().plan(graph, nodes: 1, strategies: .builtin)
        let task = try await ClusterTask.lead(plan, on: leader, peers: ["node"])
        let expected = try DeploymentTests.single(graph, inputs)
        async let first = task.run(inputs).outputs
        await gated.hasHeld()
        // Its sub-map waits; the tile of the second is made nevertheless.
        async let second = task.run(inputs).outputs
        await gated.hasSent("made", times: 2)
        gated.open()
        let outputs = try await [first, second]
        #expect((outputs == [expected, expected]) as Bool)
        await task.finish()
        for node in [node, leader] { await node.close() }
    }

    @Test("a task that nobody refers to any more ends, and nodes are told")
    func ownership() async throws {
        let hub = LoopbackHub()
        let nodes = try await Self.nodes(["leader", "node"], on: hub)
        let witness = try hub.join(Self.equipment.information(named: "witness"))
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 8, 8])
        let plan = try PartitionChoice().plan(graph, nodes: 1, strategies: .builtin)
        var task: ClusterTask? = try await ClusterTask.lead(plan, on: nodes[0], peers: ["node"])
        _ = try await task?.run(inputs)
        task = nil
        for await case .received(let message, "leader") in witness.events where message.kind == "finished" { break }
        // One that is told to end cannot be used again.
        let other = try await ClusterTask.lead(plan, on: nodes[0], peers: ["node"])
        await other.finish()
        let error = await #expect(throws: TesseraError.self) { try await other.run(inputs) }
        #expect(error?.message.contains("the task is over") == true)
        for node in nodes { await node.close() }
        await witness.close()
    }

    @Test("pieces from a stranger are not taken, and disturb nobody")
    func stranger() async throws {
        let hub = LoopbackHub()
        let node = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "node")))
        let leader = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "leader")))
        let stranger = try hub.join(Self.equipment.information(named: "stranger"))
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 16, 16])
        let plan = try PartitionChoice().plan(graph, nodes: 1, strategies: .builtin)
        let task = try await ClusterTask.lead(plan, on: leader, peers: ["node"])
        let id = await task.identifier.uuidString
        let work: [(String, Configuration)] = [
            ("task", id.configuration), ("inference", 1.configuration), ("stage", 0.configuration),
            ("tile", 0.configuration),
        ]
        let body = Configuration(.map((work + [("pieces", [0].configuration)]).map { Configuration.Entry($0, $1) }))
        let zeros = Blob(try Tensor(zeros: [1, 1, 16, 16]))
        try await stranger.send(Message(kind: "pieces", body: body, payload: [zeros]), to: "node")
        #expect(((try await task.run(inputs)).outputs == (try DeploymentTests.single(graph, inputs))) as Bool)
        await task.finish()
        await stranger.close()
        for node in [node, leader] { await node.close() }
    }

    @Test("a node stops computing for a leader that is gone, and is free for the next one")
    func leaderGone() async throws {
        let hub = LoopbackHub()
        let node = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "node")))
        let first = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "first")))
        let (large, largeInputs) = try DeploymentTests.load("dncnn", [1, 1, 2048, 2048])
        let largePlan = try PartitionChoice().plan(large, nodes: 1, strategies: .builtin)
        let task = try await ClusterTask.lead(largePlan, on: first, peers: ["node"])
        let inference = Task { try await task.run(largeInputs) }
        try await Task.sleep(for: .milliseconds(500))
        hub.drop("first")
        await #expect(throws: TesseraError.self) { try await inference.value }
        // All of the large inference takes half a minute, one layer of it two seconds.
        let start = ContinuousClock.now
        let second = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "second")))
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 16, 16])
        let plan = try PartitionChoice().plan(graph, nodes: 1, strategies: .builtin)
        let next = try await ClusterTask.lead(plan, on: second, peers: ["node"])
        #expect(((try await next.run(inputs)).outputs == (try DeploymentTests.single(graph, inputs))) as Bool)
        #expect(ContinuousClock.now - start < .seconds(15))
        for node in [node, first, second] { await node.close() }
    }

    @Test("another instruction set is refused for exact deployments, and allowed otherwise")
    func instructionSets() async throws {
        let hub = LoopbackHub()
        let leader = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "leader")))
        var information = Self.equipment.information(named: "old")
        information.instructionSet = "sse2"
        let node = await Self.equipment.node(on: try hub.join(information))
        let (graph, _) = try DeploymentTests.load("dncnn", [1, 1, 8, 8])
        let plan = try PartitionChoice().plan(graph, nodes: 1, strategies: .builtin)
        let error = await #expect(throws: TesseraError.self) {
            try await ClusterTask.lead(plan, on: leader, peers: ["old"])
        }
        #expect(error?.message.contains("sse2") == true && error?.message.contains("exact: false") == true)
        let task = try await ClusterTask.lead(plan, on: leader, peers: ["old"], exact: false)
        await task.finish()
        await node.close()
        await leader.close()
    }

    @Test("weights that do not match their hash are refused by the node")
    func forgedWeights() async throws {
        let hub = LoopbackHub()
        let node = await Self.equipment.node(on: try hub.join(Self.equipment.information(named: "node")))
        let forger = try hub.join(Self.equipment.information(named: "forger"))
        let id = UUID()
        let notice = ["task": id.uuidString]
        try await forger.send(Message(kind: "lead", body: notice), to: "node")
        let tensor = try Tensor([1, 2], shape: [2])
        let weights: [String: Configuration] = [
            "task": id.uuidString.configuration,
            "entries": Configuration(
                .list([
                    .map([
                        ("hash", ContentHash(try Tensor([1, 3], shape: [2])).hexadecimal.configuration),
                        ("shape", [2].configuration), ("elementType", "f32".configuration),
                        ("isCoded", false.configuration),
                    ])
                ])),
        ]
        try await forger.send(Message(kind: "weights", body: weights, payload: [Blob(tensor)]), to: "node")
        var answer: Message?
        for await case .received(let message, _) in forger.events where message.kind == "failed" {
            answer = message
            break
        }
        let text = String(decoding: try #require(answer).body, as: UTF8.self)
        #expect(text.contains("expected a weight with hash"))
        await forger.close()
        await node.close()
    }

    // MARK: Helpers

    static let equipment = NodeEquipment(operators: .builtin, backend: OneDNNBackend())

    /// Nodes that listen on TCP, and where.
    private static func listeningNodes(_ names: [PeerID]) async throws -> ([Node], [String]) {
        var (nodes, addresses): ([Node], [String]) = ([], [])
        for name in names {
            let transport = try await TCPTransportFactory().start(
                TransportOptions(information: equipment.information(named: name), listen: "127.0.0.1:0"))
            nodes.append(await equipment.node(on: transport))
            addresses.append(try #require((transport as? any ListeningTransport)?.listenAddress))
        }
        return (nodes, addresses)
    }

    static func nodes(_ names: [PeerID], on hub: LoopbackHub = LoopbackHub()) async throws -> [Node] {
        var nodes: [Node] = []
        for name in names { nodes.append(await equipment.node(on: try hub.join(equipment.information(named: name)))) }
        return nodes
    }
}

/// Loopback that holds messages of one kind back until it is opened, and tells what it sent.
private final class GatedTransport: Transport {
    private let base: LoopbackTransport
    private let kind: String
    private let gate = AsyncStream.makeStream(of: Void.self)
    private let log = AsyncStream.makeStream(of: String.self)
    private let held = AsyncStream.makeStream(of: Void.self)

    init(_ base: LoopbackTransport, holding kind: String) { (self.base, self.kind) = (base, kind) }

    var information: PeerInformation { base.information }
    var events: AsyncStream<TransportEvent> { base.events }
    var peers: [PeerInformation] { base.peers }

    func send(_ message: Message, to peer: PeerID) async throws {
        if message.kind == kind {
            held.continuation.yield()
            for await _ in gate.stream {}
        }
        try await base.send(message, to: peer)
        log.continuation.yield(message.kind)
    }

    func broadcast(_ message: Message) async throws { try await sendToAll(peers.map(\.peer), message) }
    func close() async { await base.close() }

    func open() { gate.continuation.finish() }
    func hasHeld() async { for await _ in held.stream { break } }
    func hasSent(_ kind: String, times: Int) async {
        var count = 0
        for await sent in log.stream where sent == kind {
            count += 1
            if count == times { return }
        }
    }
}

/// Compiles everything, and computes nothing.
private struct FaultyBackend: KernelBackend {
    private struct Compiled: CompiledNetwork {
        let kernels: [KernelDescription] = []
        let activationByteCount = 0
        func makeOutputs() throws -> [Tensor] { [] }
        func run(_ inputs: [Tensor], into outputs: inout [Tensor], isCancelled: () -> Bool) throws {
            throw TesseraError(.backendFailure, "kernels are out of order")
        }
        func profile(_ inputs: [Tensor]) throws -> [StepSpan] { [] }
    }

    let name = OneDNNBackend().name
    let instructionSet = OneDNNBackend().instructionSet
    func compile(_ graph: BoundGraph, options: CompileOptions) throws -> any CompiledNetwork { Compiled() }
}
