import Tessera
import TesseraTestSupport
import Testing

@Suite struct ClusterFileTests {
    private func profile(_ text: String) throws -> ClusterProfile {
        let file = try ClusterFile(configuration: YAMLReader.parse("tessera: 1\n" + text, file: "c.yaml"))
        return try ClusterProfile(file) { path in
            DeviceProfile(machine: path, backend: "", instructionSet: "", threads: 1, network: "", entries: [])
        }
    }

    @Test("devices, links and exceptions are what the file says")
    func whole() throws {
        let cluster = try profile(
            """
            leader: kitchen
            nodes:
              - {name: kitchen, profile: k.json}
              - {name: attic, macs_per_second: 2.0e+10, memory: 512MiB, memory_bandwidth: 4GB/s, speed: 0.5, count: 2}
              - {count: 2}
            links: {bandwidth: 1Gbit/s, latency: 0.2ms, loss: 0.01}
            between: [{nodes: [kitchen, attic], bandwidth: 100Mbit/s}, {nodes: [attic-1, attic-2], latency: 3us}]
            """)
        #expect(cluster.nodes.map(\.name) == ["kitchen", "attic-1", "attic-2", "node-4", "node-5"])
        #expect(cluster.leaderNode == 0 && cluster.leaderEndpoint == 0 && cluster.endpointCount == 5)
        #expect(cluster.nodes[0].profile?.machine == "k.json")
        #expect(cluster.nodes[1].multiplyAccumulatesPerSecond == 2e10 && cluster.nodes[1].speed == 0.5)
        #expect(cluster.nodes[2].memory == 536_870_912 && cluster.nodes[2].memoryBandwidth == 4e9)
        #expect(cluster.link(between: 3, and: 4) == Link(bandwidth: 125e6, latency: 2e-4, loss: 0.01))
        #expect(cluster.link(between: 2, and: 0) == Link(bandwidth: 12.5e6, latency: 2e-4, loss: 0.01))
        #expect(cluster.link(between: 1, and: 2) == Link(bandwidth: 125e6, latency: 3e-6, loss: 0.01))
    }

    @Test("some of the nodes keep what joins them and the leader")
    func part() throws {
        let text = """
            nodes: [{name: a}, {name: b}, {name: c}]
            between: [{nodes: [leader, b], loss: 0.5}, {nodes: [a, b], loss: 0.25}, {nodes: [b, c], loss: 0.125}]

            """
        let (two, endpoints) = try profile(text).keeping(nodes: 2)
        #expect(two.nodes.map(\.name) == ["a", "b"] && endpoints == [0, 1, 3])
        #expect(two.link(between: 1, and: 2).loss == 0.5 && two.link(between: 0, and: 1).loss == 0.25)
        #expect(two.link(between: 0, and: 2).loss == 0)
        // The leader is never left out.
        let (led, own) = try profile(text.replacing("leader, b", with: "a, c") + "leader: c").keeping(nodes: 2)
        #expect(led.nodes.map(\.name) == ["a", "c"] && led.leaderNode == 1 && own == [0, 2])
        #expect(led.link(between: 0, and: 1).loss == 0.5)
        #expect(throws: TesseraError.self) { try profile(text).keeping(nodes: 4) }
    }

    @Test("a leader that is no node comes after all nodes")
    func leader() throws {
        let cluster = try profile("leader: {speed: 3}\nnodes: [{name: a}]\nbetween: [{nodes: [leader, a], loss: 0.5}]")
        #expect(cluster.leaderNode == nil && cluster.leaderEndpoint == 1)
        #expect(cluster.device(at: 1).speed == 3)
        #expect(cluster.link(between: 0, and: 1).loss == 0.5)
    }

    @Test(
        "absurd values are refused with their place",
        arguments: [
            ("nodes: []", "expected 1 to 4096 nodes, found 0"),
            ("nodes: [{count: 5000}]", "'count' from 1 to 4096, found 5000"),
            ("nodes: [{count: 4000}, {count: 97}]", "expected 1 to 4096 nodes, found 4097"),
            ("nodes: [{speed: 0}]", "expected a 'speed'"), ("nodes: [{speed: .inf}]", "expected a 'speed'"),
            ("nodes: [{speed: -1}]", "expected a 'speed'"), ("nodes: [{macs_per_second: 0}]", "'macs_per_second'"),
            ("nodes: [{memory: 0}]", "expected 'memory'"), ("nodes: [{memory: 3 parsecs}]", "512MiB"),
            ("nodes: [{memory: -3MiB}]", "512MiB"), ("nodes: [{memory: MiB}]", "512MiB"),
            ("nodes: [{name: a}, {name: a}]", "two nodes named 'a'"),
            ("nodes: [{name: a, count: 2}, {name: a-2}]", "two nodes named 'a-2'"),
            ("nodes: [{name: leader}]", "two nodes named 'leader'"),
            ("nodes: [{name: attic}]\nleader: atic", "did you mean 'attic'?"),
            ("nodes: [{name: a, count: 2}]\nleader: a", "one of the nodes, found 'a'"),
            ("nodes: [{}]\nlinks: {bandwidth: 0}", "'bandwidth'"),
            ("nodes: [{}]\nlinks: {latency: -1ms}", "0.2ms"), ("nodes: [{}]\nlinks: {latency: 3h}", "0.2ms"),
            ("nodes: [{}]\nlinks: {loss: 1}", "'loss' from 0 to 0.99"),
            ("nodes: [{name: a}]\nbetween: [{nodes: [a]}]", "expected two names"),
            ("nodes: [{name: a}]\nbetween: [{nodes: [a, b]}]", "found 'b'"),
            ("nodes: [{macs: 3}]", "unknown key 'macs'"), ("links: {}", "missing key 'nodes'"),
        ])
    func errors(text: String, message: String) {
        expectError(nil, message) { try profile(text) }
    }

    @Test("quantities are written as they are read", arguments: ["512MiB", "3B", "1.5GiB"])
    func sizes(text: String) throws {
        #expect(try MemorySize(configuration: text.configuration).configuration == text.configuration)
    }
}
