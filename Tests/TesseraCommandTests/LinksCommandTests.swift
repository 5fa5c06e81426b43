import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct LinksCommandTests {
    private let demo = TestFiles.repository.appendingPathComponent("configs/deployments/demo.yaml").path

    @Test("every pair of processes is measured, and the file that is written is the file of a cluster")
    func processes() throws {
        let folder = try TemporaryFolder()
        let profile = DeviceProfile(
            machine: "", backend: "", instructionSet: "", threads: 1, network: "",
            entries: [
                .init(signature: "s", operatorName: "conv", output: [1], multiplyAccumulates: 1000, seconds: 1)
            ])
        let written = try folder.write(
            String(decoding: JSONEncoder().encode(profile), as: UTF8.self), to: "device.json")
        let file = folder.file("cluster.yaml")
        let links = try Command(
            "links", demo, "--spawn", "2", "-o", file, "--profile", written, "--json")
        #expect(links.status == 0, "\(links.errors)")
        let rows = try #require(try links.json()["links"] as? [[String: Any]])
        #expect(
            rows.map { $0["devices"] as? [String] } == [
                ["leader", "node-1"], ["leader", "node-2"], ["node-1", "node-2"],
            ])
        #expect(rows.allSatisfy { $0["through_leader"] as? Bool == false })

        let cluster = try ClusterProfile(path: file)
        #expect(cluster.nodes.map(\.name) == ["node-1", "node-2"] && cluster.leaderNode == nil)
        #expect(cluster.nodes[1].profile == profile && cluster.leader.profile == profile)
        for (row, ends) in zip(rows, [(2, 0), (2, 1), (0, 1)]) {
            let link = cluster.link(between: ends.0, and: ends.1)
            let (bandwidth, latency) = (row["bytes_per_second"] as? Double ?? 0, row["latency_ms"] as? Double ?? 0)
            #expect(bandwidth > 0 && abs(link.bandwidth / bandwidth - 1) < 0.01)
            #expect(latency > 0 && abs(link.latency * 1e3 / latency - 1) < 0.01)
        }
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("{name: node-1, profile: device.json}"), "\(text)")
        let simulated = try Command(
            "simulate", TestFiles.network("dncnn"), "--shape", "image=1x1x48x32", "--cluster", file, "--strategy",
            "vertical")
        #expect(simulated.status == 0, "\(simulated.errors)")
        let unknown = try Command("links", demo, "--local", "2", "-o", file, "--profile", "nod-2=" + written)
        #expect(unknown.status == 1 && unknown.errors.contains("did you mean 'node-2'?"), "\(unknown.errors)")
    }

    @Test("in one process the leader is a node, and a table is printed")
    func local() throws {
        let folder = try TemporaryFolder()
        let links = try Command(
            "links", demo, "--local", "2", "--transport", "loopback", "-o", folder.file("c.yaml"))
        #expect(links.status == 0, "\(links.errors)")
        #expect(links.output.contains("node-1, node-2") && links.output.contains("Mbit/s"), "\(links.output)")
        #expect(try ClusterProfile(path: folder.file("c.yaml")).leaderNode == 0)
    }

    @Test(
        "what is wrong is said clearly",
        arguments: [
            (["--local", "2", "--spawn", "2"], 64, "exclude each other"),
            (["--local", "2", "--profile", "x.json"], 64, "'--profile' is for '--output'"),
            (["--local", "2", "--profile", "x.json", "-o", "/tmp/none.yaml"], 1, "x.json"),
            (["--local", "2", "--transport", "tpc"], 1, "did you mean 'tcp'?"),
        ])
    func errors(more: [String], status: Int32, message: String) throws {
        let run = try Command(["links", demo] + more)
        #expect(run.status == status)
        #expect(run.errors.contains(message), "\(run.errors)")
    }
}
