import Foundation
import Synchronization
import Tessera

/// What a leader and nodes said to each other about one small network, for attackers to imitate.
public struct RecordedTraffic: Sendable {
    /// In order, to one node.
    public let toNode: [Message]
    /// In order, from nodes to the leader.
    public let toLeader: [Message]
    public let task: UUID
    /// The network, and what it makes of which inputs.
    public let plan: Plan
    public let inputs: [String: Tensor]
    public let outputs: [String: Tensor]

    /// Runs two nodes that exchange pieces, in two stages, with everything that is ever said.
    public static func record(_ equipment: NodeEquipment) async throws -> RecordedTraffic {
        let network = try Modules.builtin.loader.load(text: Self.network, file: "recorded.yaml")
        let graph = try network.bound(inputs: ["x": [1, 1, 8, 6]])
        var generator = SeededGenerator(seed: 7)
        let inputs = ["x": try Tensor.random([1, 1, 8, 6], using: &generator)]
        let outputs = try Session(graph, backend: equipment.backend, options: equipment.options).run(inputs)
        let plan = try PartitionChoice(strategy: "layerwise").plan(graph, nodes: 2, strategies: .builtin)
        let hub = LoopbackHub()
        var nodes: [Node] = []
        var transports: [RecordingTransport] = []
        for name in ["leader", "a", "b"] {
            let transport = RecordingTransport(try hub.join(equipment.information(named: PeerID(name))))
            transports.append(transport)
            nodes.append(await equipment.node(on: transport))
        }
        let task = try await ClusterTask.lead(plan, on: nodes[0], peers: ["a", "b"], timed: true)
        for _ in 0..<2 { _ = try await task.run(inputs) }
        _ = try await task.timeline()
        await task.finish()
        _ = try await nodes[0].roundTrip(to: "a", payload: Blob([1, 2, 3]))
        for node in nodes { await node.close() }
        // What nodes say to each other, a leader that passes it on does too.
        let pieces = transports[1].sent.filter { $0.peer == "b" }.map(\.message)
        let forwarded = pieces.map { Message(kind: "forward", encodedBody: $0.body, payload: $0.payload) }
        return RecordedTraffic(
            toNode: transports[0].sent.filter { $0.peer == nil || $0.peer == "a" }.map(\.message) + pieces,
            toLeader: transports[1...].flatMap { $0.sent.filter { $0.peer == "leader" }.map(\.message) } + forwarded,
            task: await task.identifier, plan: plan, inputs: inputs, outputs: outputs)
    }

    private static let network = """
        tessera: 1
        inputs: {x: {shape: [1, 1, height, width]}}
        weights: {random: 3}
        layers:
          - conv: {name: first, channels: 2, kernel: 3, padding: same}
          - relu
          - max_pool: {name: pool, kernel: 2}
          - conv: {name: second, channels: 1, kernel: 3, padding: same}
        outputs: [second]
        """
}

/// Passes everything on, and keeps what was sent.
final class RecordingTransport: Transport {
    private let transport: any Transport
    private let messages = Mutex<[(message: Message, peer: PeerID?)]>([])

    init(_ transport: any Transport) { self.transport = transport }

    /// The peer is nil for what went to all.
    var sent: [(message: Message, peer: PeerID?)] { messages.withLock { $0 } }

    var information: PeerInformation { transport.information }
    var events: AsyncStream<TransportEvent> { transport.events }
    var peers: [PeerInformation] { transport.peers }

    func send(_ message: Message, to peer: PeerID) async throws {
        messages.withLock { $0.append((message, peer)) }
        try await transport.send(message, to: peer)
    }

    func broadcast(_ message: Message) async throws {
        messages.withLock { $0.append((message, nil)) }
        try await transport.broadcast(message)
    }

    func close() async { await transport.close() }
}
