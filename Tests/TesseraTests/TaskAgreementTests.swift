import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// A node and a leader that do not mean the same are told before anything is computed.
@Suite struct TaskAgreementTests {
    /// Changes the message with layers on its way.
    private struct Tampering: TransportFactory {
        let base = LoopbackTransportFactory()
        let change: @Sendable (inout [String: Any]) -> Void

        func start(_ options: TransportOptions) async throws -> any Transport {
            TamperedTransport(base: try await base.start(options), change: change)
        }
    }

    private struct TamperedTransport: Transport {
        let base: any Transport
        let change: @Sendable (inout [String: Any]) -> Void

        var information: PeerInformation { base.information }
        var events: AsyncStream<TransportEvent> { base.events }
        var peers: [PeerInformation] { base.peers }

        private func changed(_ message: Message) throws -> Message {
            guard message.kind == "layers",
                var body = try JSONSerialization.jsonObject(with: message.body) as? [String: Any]
            else { return message }
            change(&body)
            return Message(
                kind: message.kind, encodedBody: try JSONSerialization.data(withJSONObject: body),
                payload: message.payload)
        }

        func send(_ message: Message, to peer: PeerID) async throws {
            try await base.send(try changed(message), to: peer)
        }
        func broadcast(_ message: Message) async throws { try await base.broadcast(try changed(message)) }
        func close() async { await base.close() }
    }

    private static func error(_ change: @escaping @Sendable (inout [String: Any]) -> Void) async throws -> String {
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 24, 20])
        let cluster = try await Cluster.local(
            2, transport: Tampering(change: change), equipment: ClusterTaskTests.equipment)
        defer { Task { await cluster.close() } }
        let plan = try PartitionChoice(strategy: "fused-grid", options: .map([("tiles", [2, 1].configuration)]))
            .plan(graph, nodes: 2, strategies: .builtin)
        do {
            let task = try await ClusterTask.lead(plan, on: cluster.leader, peers: cluster.peers)
            let (outputs, _) = try await task.run(inputs)
            await task.finish()
            #expect((outputs == (try DeploymentTests.single(graph, inputs))) as Bool)
            return ""
        } catch let error as TesseraError {
            return error.description
        }
    }

    /// The two hashes that an error names.
    private static func hashes(in text: String) -> Set<Substring> {
        Set(text.split { !"0123456789abcdef".contains($0) }.filter { $0.count == 64 })
    }

    @Test("what arrives as it was sent is computed")
    func unchanged() async throws { #expect(try await Self.error { _ in } == "") }

    @Test("another precision is refused by the node, which names both")
    func precision() async throws {
        let text = try await Self.error { body in
            var precision = body["precision"] as? [String: Any] ?? [:]
            precision["base"] = "f16"
            body["precision"] = precision
        }
        #expect(
            text.contains("expected the precision f16 as 'node-2' derives it, found f32 from 'node-1'"), "\(text)")
    }

    @Test("other layers are refused by the node, which names both hashes")
    func network() async throws {
        let text = try await Self.error { body in
            var graph = body["graph"] as? [String: Any] ?? [:]
            var nodes = graph["nodes"] as? [[String: Any]] ?? []
            nodes[0]["name"] = "renamed"
            graph["nodes"] = nodes
            body["graph"] = graph
        }
        #expect(text.contains("expected the network hash") && text.contains("'node-2'"), "\(text)")
        #expect(Self.hashes(in: text).count == 2, "\(text)")
    }

    @Test("another cut is refused by the node, which names both hashes")
    func plan() async throws {
        let text = try await Self.error { body in
            guard var stages = body["stages"] as? [[String: Any]],
                var tiles = stages[0]["tiles"] as? [[String: Any]]
            else { return }
            // The first strip is one row larger, the second one row smaller: a plan that is right in itself.
            guard var upper = tiles[0]["region"] as? [[Int]], var lower = tiles[1]["region"] as? [[Int]] else { return }
            upper[2][1] += 1
            lower[2][0] += 1
            (tiles[0]["region"], tiles[1]["region"]) = (upper, lower)
            stages[0]["tiles"] = tiles
            body["stages"] = stages
        }
        #expect(text.contains("expected the plan hash") && text.contains("'node-2'"), "\(text)")
        #expect(Self.hashes(in: text).count == 2, "\(text)")
    }
}
