import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// A node that is lost in the middle ends the inference with one error that names it.
@Suite(.serialized) struct NodeLossTests {
    @Test("a node process that is killed or stops answering", arguments: [SIGKILL, SIGSTOP])
    func lostProcess(_ signal: Int32) async throws {
        let (graph, inputs) = try DeploymentTests.load("dncnn", [1, 1, 1024, 1024])
        let deployment = try await DeploymentTests.deploy(graph, "vertical", 3, .processes)
        let victim = deployment.cluster.processIdentifiers[1]
        let inference = Task { try await deployment.run(inputs) }
        try await Task.sleep(for: .milliseconds(300))
        let start = ContinuousClock.now
        kill(victim, signal)
        let error = await #expect(throws: TesseraError.self) { try await inference.value }
        #expect(ContinuousClock.now - start < .seconds(15))
        #expect(error?.code == .nodeFailure)
        #expect(error?.message.contains("'node-2' was lost") == true, "\(String(describing: error))")
        await #expect(throws: TesseraError.self, "the deployment cannot be used any more") {
            try await deployment.run(inputs)
        }
        let closing = ContinuousClock.now
        await deployment.close()
        #expect(ContinuousClock.now - closing < .seconds(10), "a stopped process does not hold up the end")
        #expect(kill(victim, 0) != 0)
    }

    @Test("node processes end when the process that started them closes the cluster")
    func noProcessStays() async throws {
        let (graph, _) = try DeploymentTests.load("dncnn", [1, 1, 16, 16])
        let deployment = try await DeploymentTests.deploy(graph, "vertical", 2, .processes)
        let processes = deployment.cluster.processIdentifiers
        #expect(processes.count == 2 && processes.allSatisfy { kill($0, 0) == 0 })
        await deployment.close()
        #expect(processes.allSatisfy { kill($0, 0) != 0 })
    }

    @Test("an executable that is no node")
    func notANode() async throws {
        let (graph, _) = try DeploymentTests.load("dncnn", [1, 1, 16, 16])
        for executable in ["/bin/true", "/does/not/exist"] {
            let error = await #expect(throws: TesseraError.self) {
                try await Deployment.start(
                    graph, partition: PartitionChoice(), transport: nil,
                    members: .spawned(2, executable: executable))
            }
            #expect(error?.code == .nodeFailure)
        }
    }
}
