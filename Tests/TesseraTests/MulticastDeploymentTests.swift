import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Deployments whose weights go out by multicast.
@Suite(.serialized) struct MulticastDeploymentTests {
    private static func transport() -> TransportChoice {
        TransportChoice(
            kind: "multicast",
            settings: .map([
                ("group", "239.78.\(ProcessInfo.processInfo.processIdentifier % 250).1:6104".configuration),
                ("confirm_timeout", 20.0.configuration),
                // Other tests keep all cores busy.
                ("tcp", .map([("silence", 20.0.configuration)])),
            ]))
    }

    @Test("weights that several nodes want go out once, and the result is the single node's", arguments: [true, false])
    func weights(inOneProcess: Bool) async throws {
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 33, 20])
        let expected = try DeploymentTests.single(graph, inputs)
        let byteCount = graph.parameters.flatMap(\.values).reduce(0) { $0 + $1.byteCount }
        let deployment = try await Deployment.start(
            graph, partition: PartitionChoice(), transport: Self.transport(),
            members: inOneProcess ? .local(4) : .spawned(3, executable: TestFiles.executable))
        let distributed = await deployment.distributedByteCount
        #expect(
            distributed > byteCount && distributed < byteCount * 5 / 4,
            "three other nodes, \(byteCount) bytes of weights")
        for _ in 0..<3 { #expect(((try await deployment.run(inputs)).outputs == expected) as Bool) }
        await deployment.close()
    }

    @Test("weights that one node wants go to that alone")
    func weightsOfOne() async throws {
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 16, 16])
        let expected = try DeploymentTests.single(graph, inputs)
        let deployment = try await Deployment.start(
            graph, partition: PartitionChoice(strategy: "pipeline"), transport: Self.transport(), members: .local(3))
        let transport = try #require(deployment.cluster.leader.transport as? MulticastTransport)
        #expect(transport.counts.broadcasts >= 2)
        #expect(transport.counts.broadcastByteCount < 100_000, "the notice and the layers, but no weights")
        #expect(((try await deployment.run(inputs)).outputs == expected) as Bool)
        await deployment.close()
    }
}
