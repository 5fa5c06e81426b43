import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Nodes that announce themselves on the loopback interface, as a user starts, watches and uses them.
@Suite(.serialized) struct ClusterStatusCommandTests {
    private let folder: TemporaryFolder
    /// A group that no other test has.
    private let group =
        "239.78.\(Int.random(in: 1...250)).\(Int.random(in: 1...250)):\(Int.random(in: 20000...30000))"

    init() throws { folder = try TemporaryFolder() }

    private var announce: String { "{interface: lo, group: \"\(group)\", interval: 0.1}" }

    private func node(_ name: String) throws -> NodeProcess {
        // Other tests keep all cores busy, so silence is no loss here.
        try NodeProcess(
            name: name, "--threads", "1", "--announce", announce, "--state", folder.file("state"), "--transport",
            "{kind: tcp, silence: 20}")
    }

    /// The rows of `tessera cluster status --json`.
    private func status(_ arguments: String...) throws -> [[String: Any]] {
        let command = try Command(["cluster", "status", "--json"] + arguments)
        #expect(command.status == 0, "\(command.errors)")
        return try command.json()["nodes"] as? [[String: Any]] ?? []
    }

    private func deployment(_ nodes: String, _ more: String = "") throws -> String {
        try folder.write(
            """
            tessera: 1
            network: \(TestFiles.network("dncnn"))
            partition: {strategy: fused-grid, tiles: [2, 1]}
            nodes: \(nodes)
            \(more)
            """, to: "d\(UUID().uuidString.prefix(8)).yaml")
    }

    private func input() throws -> String {
        try NpyFile.write(
            try Tensor([Float](repeating: 0.5, count: 24 * 16), shape: [1, 1, 24, 16]), to: folder.file("x.npy"))
        return folder.file("x.npy")
    }

    @Test("nodes that announce themselves are shown and deployed on without any address, and hold the weights then")
    func discovery() throws {
        let nodes = [try node("attic"), try node("cellar")]
        let before = try status("--group", group, "--wait", "1")
        #expect(before.map { $0["name"] as? String } == ["attic", "cellar"])
        #expect(before.map { $0["address"] as? String } == nodes.map(\.address))
        for row in before {
            #expect(row["state"] as? String == "idle" && row["reached"] as? Bool == true)
            #expect(row["cores"] as? Int == 1 && row["build"] as? String == Build.version)
            #expect(row["instruction_set"] as? String == OneDNNBackend().instructionSet)
            #expect(row["memory_bytes"] as? Int == Int(ProcessInfo.processInfo.physicalMemory))
            #expect(row["precisions"] as? [String] == ["f32", "bf16", "f16"])
            #expect((row["weights"] as? [String: Any])?["count"] as? Int == 0)
        }
        let file = try deployment("{discover: true, count: 2, group: \"\(group)\"}")
        let deploy = try Command("deploy", file, "--input", input(), "--verify", "--json")
        #expect(deploy.status == 0, "\(deploy.errors)")
        #expect(try deploy.json()["identical"] as? Bool == true)
        #expect(try deploy.json()["nodes"] as? Int == 2)

        // Both nodes have every weight of the network now, each named by its hash.
        let network = try NetworkLoader(operators: .builtin).load(TestFiles.network("dncnn"))
        let graph = try network.folded().bound(inputs: ["image": [1, 1, 24, 16]])
        let hashes = Set(graph.parameters.flatMap(\.values).map { ContentHash($0).hexadecimal })
        for row in try status(file) {
            let weights = try #require(row["weights"] as? [String: Any])
            #expect(Set(weights["hashes"] as? [String] ?? []) == hashes)
            #expect(weights["count"] as? Int == hashes.count)
        }
        let table = try Command("cluster", "status", file)
        #expect(table.status == 0, "\(table.errors)")
        let lines = table.output.split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("node"), "\(table.output)")
        #expect(lines[1].contains("attic") && lines[1].contains(nodes[0].address), "\(table.output)")
    }

    @Test("too few nodes are an error that names those that were found")
    func tooFew() throws {
        let node = try node("attic")
        let file = try deployment("{discover: true, count: 3, wait: 3, group: \"\(group)\"}")
        let deploy = try Command("deploy", file, "--input", input())
        #expect(deploy.status == 1)
        #expect(
            deploy.errors.contains("expected 3 nodes to announce themselves within 3.0 s, found 1: attic"),
            "\(deploy.errors)")
        node.end()
    }

    @Test("listed nodes and announced ones together; one that does not answer is shown, and is no error")
    func both() throws {
        let listed = try NodeProcess(name: "listed", "--threads", "1")
        let announced = try node("announced")
        let gone = try NodeProcess(name: "gone", "--threads", "1")
        let places = "addresses: [\"\(listed.address)\"], group: \"\(group)\""
        let file = try deployment("{discover: true, count: 2, \(places)}")
        let deploy = try Command("deploy", file, "--input", input(), "--verify")
        #expect(deploy.status == 0, "\(deploy.errors)")
        gone.end()
        let list = try deployment("[\"\(listed.address)\", \"\(gone.address)\"]")
        let rows = try status(list)
        #expect(rows.map { $0["state"] as? String }.sorted { $0 ?? "" < $1 ?? "" } == ["idle", "unreachable"])
        let lost = try #require(rows.first { $0["address"] as? String == gone.address })
        #expect(lost["reached"] as? Bool == false && (lost["error"] as? String)?.contains(gone.address) == true)
        #expect(lost["name"] == nil && lost["seen_seconds_ago"] == nil)
        announced.end()
    }

    @Test("only as many nodes as are wanted are connected to")
    func wanted() async throws {
        let nodes = try ["first", "second", "third"].map { try node($0) }
        var choice = DiscoveryChoice()
        (choice.count, choice.group) = (2, group)
        let discovery = try NodeDiscovery(choice.settings, cluster: nil)
        #expect(try await discovery.nodes(count: 3, within: .seconds(20)).count == 3)
        let cluster = try await Cluster.found(
            by: discovery, Cluster.Search(count: choice.count), transport: TCPTransportFactory(),
            equipment: NodeEquipment(operators: .builtin, backend: OneDNNBackend()))
        #expect(cluster.peers.count == 2)
        let metrics = await cluster.leader.metrics().map(\.text).joined()
        #expect(metrics.contains("\ntessera_peers 2\n"))
        await cluster.close()
        for node in nodes { node.end() }
    }

    @Test("a node that was lost is taken up again at the address where it announces itself")
    func anotherAddress() async throws {
        let stays = try node("stays")
        let moves = try node("moves")
        var choice = DiscoveryChoice()
        (choice.count, choice.group) = (2, group)
        let graph = try NetworkLoader(operators: .builtin).load(TestFiles.network("dncnn"))
            .bound(inputs: ["image": [1, 1, 24, 16]])
        let deployment = try await Deployment.start(
            graph, partition: PartitionChoice(),
            transport: TransportChoice(kind: "tcp", settings: .map([("silence", 20.configuration)])),
            members: .discovered(choice, addresses: []))
        let inputs = ["image": try Tensor([Float](repeating: 0.25, count: 24 * 16), shape: [1, 1, 24, 16])]
        let expected = try Session(graph, backend: OneDNNBackend()).run(inputs)
        #expect((try await deployment.run(inputs).outputs == expected) as Bool)
        moves.end()
        #expect((try await deployment.run(inputs).outputs == expected) as Bool)
        #expect(await deployment.currentPlan.nodeCount == 1)
        let again = try node("moves")
        #expect(again.address != moves.address)
        let deadline = ContinuousClock.now + .seconds(20)
        while await deployment.currentPlan.nodeCount == 1, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(await deployment.currentPlan.nodeCount == 2)
        #expect((try await deployment.run(inputs).outputs == expected) as Bool)
        await deployment.close()
        stays.end()
    }

    @Test("a node keeps its identity when it is started again, whatever its address")
    func identity() throws {
        func identities() throws -> [String?] {
            try status("--group", group, "--wait", "1").map { $0["identity"] as? String }
        }
        let first = try node("attic")
        let before = try identities()
        first.end()
        let second = try node("attic")
        #expect(before.count == 1 && before[0] != nil)
        #expect(try identities() == before)
        second.end()
    }

    @Test("'--watch' shows nodes until Ctrl-C: one that is lost becomes unreachable or gone, and the command ends well")
    func watch() throws {
        let node = try node("attic")
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: TestFiles.executable)
        process.arguments = ["cluster", "status", "--watch", "--json", "--group", group]
        (process.standardOutput, process.standardInput) = (output, FileHandle.nullDevice)
        try process.run()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        var text = Data()
        func states() throws -> [String] {
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw TesseraError(.nodeFailure, "the command ended") }
            text += bytes
            let lines = text.split(separator: UInt8(ascii: "\n"))
            guard text.last == UInt8(ascii: "\n"), let last = lines.last else { return [] }
            let object = try JSONSerialization.jsonObject(with: last) as? [String: Any]
            return (object?["nodes"] as? [[String: Any]] ?? []).compactMap { $0["state"] as? String }
        }
        while try states() != ["idle"] {}
        node.end()
        var last = ["idle"]
        while last == ["idle"] || last.isEmpty { last = try states() }
        #expect(last == ["unreachable"] || last == ["gone"], "\(last)")
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    }

    @Test("with certificates only members are shown as reached, and one that was removed is shut out by all")
    func certificates() throws {
        let cluster = folder.file("cluster")
        #expect(try Command("cluster", "init", cluster, "--name", "laptop").status == 0)
        let other = folder.file("other")
        #expect(try Command("cluster", "init", other, "--name", "stranger").status == 0)
        for name in ["attic", "cellar"] {
            #expect(try Command("cluster", "add", name, "--cluster", cluster).status == 0)
        }
        func member(_ certificates: String) throws -> NodeProcess {
            try NodeProcess("--certificates", certificates, "--threads", "1", "--announce", announce)
        }
        let nodes = try [cluster + "/nodes/attic", cluster + "/nodes/cellar", other].map(member)
        let look = ["--certificates", cluster, "--interface", "lo", "--group", group, "--wait", "1"]
        func rows() throws -> [String] {
            let command = try Command(["cluster", "status", "--json"] + look)
            #expect(command.status == 0, "\(command.errors)")
            return (try command.json()["nodes"] as? [[String: Any]] ?? []).map {
                "\($0["name"] as? String ?? "?") \($0["state"] as? String ?? "?") \($0["identity"] as? String ?? "?")"
            }
        }
        #expect(try rows() == ["attic idle attic", "cellar idle cellar"])
        let file = try deployment(
            "{discover: true, count: 2, interface: lo, group: \"\(group)\"}",
            "security: {certificates: cluster/}")
        let deploy = try Command("deploy", file, "--input", input(), "--verify")
        #expect(deploy.status == 0, "\(deploy.errors)")

        let typo = try Command("cluster", "remove", "atic", "--cluster", cluster)
        #expect(typo.status == 1 && typo.errors.contains("no member 'atic'"), "\(typo.errors)")
        let remove = try Command("cluster", "remove", "attic", "--cluster", cluster)
        #expect(remove.status == 0 && remove.output.contains("list 1"), "\(remove.errors)")
        let after = try Command(["cluster", "status"] + look)
        #expect(after.status == 0)
        #expect(after.output.contains("unreachable") && after.errors.contains("was withdrawn"), "\(after.errors)")
        // The cellar was handed the list, and lets the attic in no more.
        #expect(FileManager.default.fileExists(atPath: cluster + "/nodes/cellar/revoked"))
        let list = try folder.write(
            """
            {tessera: 1, network: \(TestFiles.network("dncnn")), nodes: ["\(nodes[1].address)"],
             security: {certificates: cluster/nodes/attic}}
            """, to: "attic.yaml")
        let lead = try Command("deploy", list, "--input", input())
        #expect(lead.status == 1 && lead.errors.contains("certificate of 'attic' was withdrawn"), "\(lead.errors)")
        for node in nodes { node.end() }
    }

    @Test("'nodes:' takes a list, 'discover' or a map, and says what else it expected")
    func nodesKey() throws {
        func read(_ text: String) throws -> NodesChoice {
            try NodesChoice(configuration: YAMLReader.parse(text, file: "test"))
        }
        #expect(try read("[\"a:1\", \"b:2\"]") == NodesChoice(addresses: ["a:1", "b:2"]))
        #expect(try read("discover") == NodesChoice(discovery: DiscoveryChoice()))
        #expect(try read("{discover: true}") == read("discover"))
        let map = try read("{discover: true, count: 4, interface: eth0, addresses: [\"a:1\"]}")
        #expect(map.addresses == ["a:1"] && map.discovery?.count == 4 && map.discovery?.interface == "eth0")
        #expect(try read("{discover: false, addresses: [\"a:1\"]}") == NodesChoice(addresses: ["a:1"]))
        for choice in [map, try read("discover"), try read("[\"a:1\"]")] {
            #expect(try NodesChoice(configuration: choice.configuration) == choice)
        }
        for (text, parts) in [
            ("{discover: true, cuont: 4}", "did you mean 'count'"), ("{count: 0}", "'count' from 1 to 256, found 0"),
            ("{wait: 0}", "'wait' from 0.1"), ("{group: 1.2.3.4}", "multicast"), ("{discover: false}", "'addresses'"),
        ] {
            expectError(.invalidArgument, parts) { try read(text) }
        }
    }
}
