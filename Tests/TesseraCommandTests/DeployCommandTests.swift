import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite(.serialized) struct DeployCommandTests {
    private let demo = TestFiles.repository.appendingPathComponent("configs/deployments/demo.yaml").path
    private let landscape = TestFiles.repository.appendingPathComponent("configs/pictures/landscape.png").path

    @Test("the shipped deployment on 4 processes makes the picture that one process makes")
    func processes() throws {
        let folder = try TemporaryFolder()
        let deploy = try Command(
            "deploy", demo, "--input", landscape, "--spawn", "4", "--output", folder.file("many.png"), "--verify",
            "--json",
            "--svg", folder.file("plan.svg"))
        #expect(deploy.status == 0, "\(deploy.errors)")
        let report = try deploy.json()
        #expect(report["identical"] as? Bool == true)
        #expect(report["nodes"] as? Int == 4)
        for key in ["latency_ms", "strategy", "redundancy", "bytes_sent", "bytes_received", "recovered"] {
            #expect(report[key] != nil, "\(key)")
        }
        let network = TestFiles.network("denoiser")
        let run = try Command("run", network, "--input", landscape, "--output", folder.file("one.png"))
        #expect(run.status == 0, "\(run.errors)")
        #expect(try Picture(path: folder.file("many.png")) == Picture(path: folder.file("one.png")))
    }

    @Test(
        "every lighter network that is shipped answers on four nodes as on one", arguments: try TestFiles.lightNetworks)
    func zoo(name: String) throws {
        let folder = try TemporaryFolder()
        let network = try Modules.builtin.loader.load(TestFiles.network(name))
        var arguments = [try folder.write("{tessera: 1, network: \(TestFiles.network(name))}", to: "d.yaml")]
        for input in network.graph.inputs {
            let sizes = input.shape.dimensions.enumerated().map { index, size in
                size.fixedSize ?? (index == 0 ? 1 : 96)
            }
            var generator = SeededGenerator(seed: 5)
            let values = (0..<Shape(sizes).elementCount).map { _ in Float.random(in: 0...1, using: &generator) }
            try NpyFile.write(Tensor(values, shape: Shape(sizes)), to: folder.file("\(input.name).npy"))
            arguments += ["--input", "\(input.name)=" + folder.file("\(input.name).npy")]
        }
        let deploy = try Command(["deploy"] + arguments + ["--local", "4", "--verify", "--json"])
        #expect(deploy.status == 0, "\(deploy.errors)")
        #expect(try deploy.json()["identical"] as? Bool == true)
    }

    @Test("weights go compressed to nodes, by a codec or as their file has them, and the table says what that saves")
    func compressedWeights() throws {
        let folder = try TemporaryFolder()
        let network = TestFiles.network("denoiser")
        func deploy(_ network: String, _ weights: String, saves: Bool) throws -> [String: Any] {
            let file = try folder.write("{tessera: 1, network: \(network), \(weights)}", to: "d.yaml")
            let arguments = ["deploy", file, "--input", landscape, "--spawn", "2", "--verify"]
            let table = try Command(arguments)
            #expect(table.status == 0, "\(table.errors)")
            #expect(table.output.contains("less than not compressed") == saves, "\(table.output)")
            let command = try Command(arguments + ["--json"])
            #expect(command.status == 0, "\(command.errors)")
            return try command.json()
        }
        func number(_ report: [String: Any], _ key: String) -> Int { report[key] as? Int ?? -1 }
        let plain = try deploy(network, "exact: true", saves: false)
        let coded = try deploy(network, "weights: {codec: context, bits: 8}", saves: true)
        #expect(number(plain, "bytes_saved") == 0)
        #expect(coded["identical"] as? Bool == true)
        let saved = number(plain, "bytes_distributed") - number(coded, "bytes_distributed")
        #expect(abs(saved - number(coded, "bytes_saved")) < 4000 && saved > number(plain, "bytes_distributed") / 2)

        let folded = try Command("fold", network, "-o", folder.file("folded"))
        #expect(folded.status == 0, "\(folded.errors)")
        let compressed = try Command(
            "compress", folder.file("folded/network.yaml"), "-o", folder.file("small"), "--codec", "zstd")
        #expect(compressed.status == 0, "\(compressed.errors)")
        let small = try deploy(folder.file("small/network.yaml"), "exact: true", saves: true)
        #expect(small["identical"] as? Bool == true)
        #expect(number(small, "bytes_saved") > number(plain, "bytes_distributed") / 2)

        // Folding makes other weights of all but those of the layers that no normalization follows.
        let unfolded = try Command("compress", network, "-o", folder.file("unfolded"), "--codec", "zstd")
        #expect(unfolded.status == 0, "\(unfolded.errors)")
        let file = try folder.write(
            "{tessera: 1, network: \(folder.file("unfolded/network.yaml"))}", to: "unfolded.yaml")
        let run = try Command("deploy", file, "--input", landscape, "--spawn", "2", "--verify", "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try run.json()["identical"] as? Bool == true)
    }

    @Test("nodes at addresses, each started by 'tessera node', until they are asked to stop")
    func addresses() throws {
        let folder = try TemporaryFolder()
        let nodes = try ["anna", "ben"].map { try NodeProcess(name: $0) }
        let file = try folder.write(
            """
            tessera: 1
            network: \(TestFiles.network("dncnn"))
            transport: {kind: tcp}
            nodes: [\(nodes.map { "\"\($0.address)\"" }.joined(separator: ", "))]
            """, to: "deployment.yaml")
        try NpyFile.write(
            try Tensor([Float](repeating: 0.5, count: 21 * 13), shape: [1, 1, 21, 13]), to: folder.file("x.npy"))
        for _ in 0..<2 {
            let deploy = try Command("deploy", file, "--input", folder.file("x.npy"), "--verify")
            #expect(deploy.status == 0, "\(deploy.errors)")
            #expect(deploy.output.contains("yes, to the bit"), "\(deploy.output)")
        }
        for node in nodes { #expect(node.stop() == 0) }
        let deploy = try Command("deploy", file, "--input", folder.file("x.npy"))
        #expect(deploy.status == 1)
        #expect(deploy.errors.contains(nodes[0].address), "\(deploy.errors)")
    }

    @Test("a folder of pictures as a stream: each output is named after its picture and is what one node makes of it")
    func stream() throws {
        let folder = try TemporaryFolder()
        for name in ["in", "out"] {
            try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: true)
        }
        var generator = SeededGenerator(seed: 3)
        for name in ["a", "b", "c", "d", "e"] {
            try NpyFile.write(Tensor.random([1, 1, 24, 31], using: &generator), to: folder.file("in/\(name).npy"))
        }
        let file = try folder.write("{tessera: 1, network: \(TestFiles.network("dncnn"))}", to: "d.yaml")
        let deploy = try Command(
            "deploy", file, "--local", "3", "--stream", folder.file("in"), "--output", folder.file("out/{name}.npy"),
            "--at-once", "2", "--json")
        #expect(deploy.status == 0, "\(deploy.errors)")
        let report = try deploy.json()
        #expect(report["pictures"] as? Int == 5)
        #expect((report["pictures_per_second"] as? Double ?? 0) > 0)
        for name in ["a", "b", "c", "d", "e"] {
            let run = try Command(
                "run", TestFiles.network("dncnn"), "--input", folder.file("in/\(name).npy"), "--output",
                folder.file("one.npy"))
            #expect(run.status == 0, "\(run.errors)")
            #expect(try NpyFile.read(folder.file("out/\(name).npy")) == NpyFile.read(folder.file("one.npy")))
        }
        try NpyFile.write(Tensor.random([1, 1, 8, 8], using: &generator), to: folder.file("in/c.npy"))
        let mixed = try Command(
            "deploy", file, "--local", "2", "--stream", folder.file("in"), "--output", folder.file("out/{name}.npy"))
        #expect(mixed.status == 1)
        #expect(mixed.errors.contains("c.npy") && mixed.errors.contains("1x1x24x31"), "\(mixed.errors)")
        let unnamed = try Command(
            "deploy", file, "--local", "2", "--stream", folder.file("in"), "--output", folder.file("out/x.npy"))
        #expect(unnamed.status == 64 && unnamed.errors.contains("{name}"), "\(unnamed.errors)")
    }

    @Test("a timeline of processes: a picture with a bar for everything, and the same as numbers")
    func timeline() throws {
        let folder = try TemporaryFolder()
        let svg = folder.file("timeline.svg")
        let deploy = try Command(
            "deploy", demo, "--input", landscape, "--spawn", "2", "--strategy", "layerwise", "--runs", "2",
            "--timeline", svg, "--json")
        #expect(deploy.status == 0, "\(deploy.errors)")
        let report = try deploy.json()
        let timeline = try #require(report["timeline"] as? [String: Any])
        let devices = try #require(timeline["devices"] as? [[String: Any]])
        #expect(devices.map { $0["device"] as? String } == ["node-1", "node-2", "leader"])
        for key in ["compute_ms", "send_ms", "receive_ms", "clock_bound_ms"] {
            #expect(devices.allSatisfy { $0[key] is NSNumber }, "\(key)")
        }
        let intervals = try #require(timeline["intervals"] as? [[String: Any]])
        // Two nodes compute in every stage, then the leader.
        let stages = try #require(report["stages"] as? Int)
        #expect(intervals.filter { $0["activity"] as? String == "compute" }.count == 2 * stages + 1)
        #expect(intervals.allSatisfy { $0["picture"] as? Int == 1 })
        let latency = try #require(report["latency_ms"] as? Double)
        #expect((timeline["finish_ms"] as? [Double])?.allSatisfy { $0 > 0 && $0 <= latency } == true)
        let drawing = try String(contentsOfFile: svg, encoding: .utf8)
        let long = intervals.filter { ($0["end_ms"] as? Double ?? 0) > ($0["start_ms"] as? Double ?? 0) }
        #expect(drawing.components(separatedBy: "<title>").count - 1 == long.count)
        #expect(drawing.contains("computes for stage 1 of picture 1") && drawing.contains(">node-2</text>"))
    }

    @Test("a port in use is one clear error with the address")
    func portInUse() throws {
        let node = try NodeProcess(name: "first")
        let second = try Command("node", "--name", "second", "--listen", node.address)
        #expect(second.status == 1)
        #expect(second.errors.contains(node.address), "\(second.errors)")
        _ = node.stop()
    }

    @Test("what is wrong with a node's or a deployment's set-up is one error that says where")
    func wrongSetUp() throws {
        let folder = try TemporaryFolder()
        func expectError(
            _ arguments: [String], _ text: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
        ) throws {
            let command = try Command(arguments)
            #expect(command.status == 1, "\(command.output)", sourceLocation: sourceLocation)
            #expect(command.errors.contains(text), "\(command.errors)", sourceLocation: sourceLocation)
            #expect(
                command.errors.split(separator: "\n").count == 1, "\(command.errors)", sourceLocation: sourceLocation)
        }
        let listen = ["node", "--listen", "127.0.0.1:0"]
        try expectError(
            listen + ["--cache", "/proc/none/weights"], "cannot make the folder '/proc/none/weights': No such file")
        try expectError(
            listen + ["--state", "/dev/null/nodes"], "cannot make the folder '/dev/null/nodes': Not a directory")
        let node = try NodeProcess(name: "there", "--metrics", "0")
        let port = try #require(node.metrics?.split(separator: ":").last)
        try expectError(
            listen + ["--metrics", "\(port)"], "cannot listen on '127.0.0.1:\(port)' for metrics: the address is in use"
        )
        try expectError(listen + ["--announce", "{interval: 0}"], "--announce:1:1: expected 'interval' from 0.05")
        let empty = try folder.write("", to: "empty.yaml")
        try expectError(["node", empty], "'\(empty)' says nothing")
        let impatient = try folder.write("transport: {kind: tcp, silence: -3}\n", to: "impatient.yaml")
        try expectError(
            ["node", impatient], "impatient.yaml:1:12: expected 'silence' between 0.001 and 86400 seconds, found -3")
        let network = "tessera: 1\nnetwork: \(TestFiles.network("denoiser"))\n"
        for address in ["all", "127.0.0.1", "127.0.0.1:99999"] {
            let file = try folder.write(network + "nodes: [\"\(address)\"]\n", to: "wrong.yaml")
            try expectError(
                ["deploy", file, "--input", landscape],
                "wrong.yaml:3:9: nodes: expected an address as host:port, with a port of 0 to 65535 and an IPv6 host in brackets, found '\(address)'"
            )
        }
        let plain = try folder.write(network, to: "plain.yaml")
        try expectError(
            ["deploy", plain, "--local", "2", "--strategy", "strips", "--option", "axes=1", "--input", landscape],
            "--option axes:1:1: unknown key 'axes', did you mean 'axis'?")
    }

    @Test("addresses off loopback are refused without certificates")
    func offLoopback() throws {
        let node = try Command("node", "--listen", "0.0.0.0:0")
        #expect(node.status == 1)
        #expect(node.errors.contains("tessera cluster init"), "\(node.errors)")
    }

    @Test("members of a cluster, on all addresses of this host, answer as one process does, and strangers get nothing")
    func certificates() throws {
        let folder = try TemporaryFolder()
        let home = folder.file("home")
        for arguments in [
            ["init", home, "--name", "laptop"], ["add", "anna", "--cluster", home],
            ["add", "ben", "--cluster", home, "-o", folder.file("ben")],
        ] {
            let made = try Command(["cluster"] + arguments)
            #expect(made.status == 0, "\(made.errors)")
        }
        let nodes = try [folder.file("home/nodes/anna"), folder.file("ben")].map {
            try NodeProcess("--certificates", $0, listen: "0.0.0.0:0")
        }
        let addresses = nodes.map { "\"127.0.0.1:\($0.address.split(separator: ":").last ?? "")\"" }
        let start =
            "{tessera: 1, network: \(TestFiles.network("sketch")), nodes: [\(addresses.joined(separator: ", "))]"
        let file = try folder.write(start + ", security: {certificates: home}, partition: layerwise}", to: "d.yaml")
        let deploy = try Command("deploy", file, "--input", landscape, "--verify", "--json")
        #expect(deploy.status == 0, "\(deploy.errors)")
        let report = try deploy.json()
        #expect(report["identical"] as? Bool == true && report["nodes"] as? Int == 2)
        #expect((report["bytes_between_nodes"] as? Int ?? 0) > 0, "the nodes meet each other, too")

        let open = try folder.write(start + "}", to: "open.yaml")
        let stranger = try Command("deploy", open, "--input", landscape)
        #expect(stranger.status == 1 && stranger.errors.contains("TLS"), "\(stranger.errors)")
        #expect(try Command("cluster", "init", folder.file("away"), "--name", "laptop").status == 0)
        let foreign = try Command("deploy", open, "--input", landscape, "--certificates", folder.file("away"))
        #expect(foreign.status == 1 && foreign.errors.contains("certificate"), "\(foreign.errors)")
        let again = try Command("cluster", "init", home)
        #expect(again.status == 1 && again.errors.contains("already"), "\(again.errors)")
        #expect(nodes.allSatisfy { $0.stop() == 0 })
    }

    @Test(
        "a deployment file's mistakes have their place",
        arguments: [
            (
                "tessera: 1\nnetwork: n.yaml\npartitions: {}\n",
                "d.yaml:3:1: unknown key 'partitions', did you mean 'partition'?"
            ),
            ("tessera: 1\n", "missing key 'network'"),
            ("tessera: 2\nnetwork: n.yaml\n", "expected 'tessera: 1'"),
            ("tessera: 1\nnetwork: n.yaml\nprecision: int8\n", "int8"),
            ("tessera: 1\nnetwork: none.yaml\n", "none.yaml"),
        ])
    func mistakes(_ text: String, _ message: String) throws {
        let folder = try TemporaryFolder()
        let deploy = try Command("deploy", folder.write(text, to: "d.yaml"), "--local", "2")
        #expect(deploy.status == 1)
        #expect(deploy.errors.contains(message), "\(deploy.errors)")
    }
}
