import Foundation
import TesseraTestSupport
import Testing

@Suite struct SimulateCommandTests {
    private let folder: TemporaryFolder
    private let cluster: String
    private let arguments: [String]

    init() throws {
        folder = try TemporaryFolder()
        cluster = try folder.write(
            """
            tessera: 1
            leader: {name: desk, macs_per_second: 1.0e+8}
            nodes: [{name: kitchen, macs_per_second: 1.0e+9}, {name: attic, macs_per_second: 1.0e+9, count: 2}]
            links: {bandwidth: 100Mbit/s, latency: 0.2ms}
            """, to: "cluster.yaml")
        arguments = [
            "simulate", TestFiles.network("dncnn"), "--shape", "image=1x1x48x32", "--cluster", cluster, "--up-to",
            "conv3",
        ]
    }

    @Test("a table of what every device does, and the best single device")
    func table() throws {
        let run = try Command(arguments)
        #expect(run.status == 0, "\(run.errors)")
        for text in ["strategy", "auto", "kitchen", "attic-2", "desk", " alone: ", "pictures/s", "speed-up"] {
            #expect(run.output.contains(text), "\(run.output)")
        }
    }

    @Test("JSON of several strategies holds the documented keys, and auto is not behind")
    func json() throws {
        let run = try Command(
            arguments + ["--strategy", "vertical", "--strategy", "auto", "--pictures", "3", "--json"])
        let reports = try #require(try run.json()["strategies"] as? [[String: Any]])
        #expect(reports.map { $0["strategy"] as? String } == ["vertical", "auto"])
        for key in ["latency_ms", "pictures_per_second", "speedup", "bytes_moved", "stages", "busy_nodes"] {
            #expect(reports.allSatisfy { $0[key] is NSNumber }, "\(key)")
        }
        let latencies = reports.compactMap { $0["latency_ms"] as? Double }
        #expect(latencies.count == 2 && latencies[1] <= latencies[0])
        let devices = try #require(reports[0]["devices"] as? [[String: Any]])
        #expect(devices.map { $0["device"] as? String } == ["kitchen", "attic-1", "attic-2", "desk"])
    }

    @Test("a straggler makes it slower, and the timeline is drawn")
    func stragglerAndDrawing() throws {
        func latency(_ more: [String]) throws -> Double {
            // The whole network: what the leader runs otherwise would take longest.
            let whole = Array(arguments.dropLast(2)) + ["--strategy", "vertical", "--json"]
            let reports = try Command(whole + more).json()["strategies"]
            return (reports as? [[String: Any]])?.first?["latency_ms"] as? Double ?? .nan
        }
        let svg = folder.file("timeline.svg")
        let (even, uneven) = (try latency([]), try latency(["--straggler", "attic-1=3", "--svg", svg]))
        #expect(uneven > even * 1.3)
        let text = try String(contentsOfFile: svg, encoding: .utf8)
        #expect(text.contains("computes for stage 1 of picture 1"))
        #expect(text.contains(">attic-1</text>"))
    }

    @Test("on more and more nodes: the last number is the whole cluster, and every point is drawn")
    func scaling() throws {
        let both = ["--strategy", "auto", "--strategy", "vertical", "--json"]
        let svg = folder.file("scaling.svg")
        let lines = try #require(
            try Command(arguments + both + ["--scaling", svg]).json()["lines"] as? [[String: Any]])
        let whole = try #require(try Command(arguments + both).json()["strategies"] as? [[String: Any]])
        #expect(lines.map { $0["strategy"] as? String } == ["auto", "vertical"])
        for (line, report) in zip(lines, whole) {
            let points = try #require(line["points"] as? [[String: Any]])
            #expect(points.map { $0["nodes"] as? Int } == [1, 2, 3])
            for key in ["latency_ms", "pictures_per_second", "speedup"] {
                #expect(points.last?[key] as? Double == report[key] as? Double, "\(key)")
            }
        }
        let text = try String(contentsOfFile: svg, encoding: .utf8)
        #expect(text.components(separatedBy: "<circle").count - 1 == 6)
        #expect(text.contains(">auto ") && text.contains(">vertical ") && text.contains("vertical, 3 nodes, "))

        let table = try Command(arguments + ["--nodes", "2"])
        #expect(table.status == 0, "\(table.errors)")
        #expect(table.output.contains("speed-up") && !table.output.contains("\n3 "), "\(table.output)")
    }

    @Test("memory that does not suffice is said")
    func memory() throws {
        let small = try folder.write("tessera: 1\nnodes: [{name: tiny, memory: 1kB}, {name: b}]\n", to: "small.yaml")
        let run = try Command([
            "simulate", TestFiles.network("dncnn"), "--shape", "image=1x1x48x32", "--cluster", small, "--strategy",
            "vertical",
        ])
        #expect(run.status == 0)
        #expect(run.output.contains("TOO LITTLE MEMORY: tiny needs "), "\(run.output)")
    }

    @Test("plan takes the cluster's file, too, and the nodes have to be as many")
    func plan() throws {
        let plan = Array(["plan"] + arguments.dropFirst())
        let run = try Command(plan + ["--strategy", "auto", "--json"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(try run.json()["nodes"] as? Int == 3)
        #expect((try run.json()["notes"] as? [String])?.first?.hasPrefix("latency: ") == true)
        let other = try Command(plan + ["--nodes", "4"])
        #expect(other.status == 1)
        #expect(other.errors.contains("expected 3 nodes"), "\(other.errors)")
    }

    @Test("a deployment's partition names the cluster relative to the deployment")
    func deployment() throws {
        try folder.write(
            """
            tessera: 1
            network: \(TestFiles.network("sketch"))
            partition: {strategy: auto, objective: throughput, cluster: cluster.yaml}
            """, to: "deployment.yaml")
        let picture = TestFiles.repository.appendingPathComponent("configs/pictures/landscape.png").path
        let run = try Command(
            "deploy", folder.file("deployment.yaml"), "--local", "3", "--input", "photo=\(picture)", "--verify",
            "--json",
            "--output", folder.file("out.png"))
        #expect(run.status == 0, "\(run.errors)")
        #expect(try run.json()["identical"] as? Bool == true)
        #expect(try run.json()["strategy"] as? String == "auto")
    }

    @Test("a profile is written, and a cluster's file takes it")
    func profile() throws {
        let file = folder.file("kitchen.json")
        let run = try Command(
            "profile", TestFiles.network("sketch"), "--shape", "photo=1x3x64x48", "--threads", "1", "--seconds", "0.1",
            "-o", file)
        #expect(run.status == 0, "\(run.errors)")
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        let profile = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let entries = try #require(profile["entries"] as? [[String: Any]])
        // Whole, halves, quarters and eighths of a convolution over 64 rows.
        let rows = Set(
            entries.filter { $0["operator"] as? String == "conv" }.compactMap { ($0["output"] as? [Int])?[2] })
        #expect(rows.isSuperset(of: [64, 32, 16, 8]), "\(rows)")
        #expect(entries.allSatisfy { ($0["seconds"] as? Double).map { $0 >= 0 } == true })
        let cluster = try folder.write(
            "tessera: 1\nnodes: [{name: kitchen, profile: kitchen.json}, {name: b, profile: kitchen.json}]\n",
            to: "measured.yaml")
        let simulated = try Command(
            "simulate", TestFiles.network("sketch"), "--shape", "photo=1x3x64x48", "--cluster", cluster)
        #expect(simulated.status == 0, "\(simulated.errors)")
    }

    @Test(
        "what is wrong is said clearly",
        arguments: [
            (["--straggler", "attc-1=2"], 1, "did you mean 'attic-1'?"),
            (["--straggler", "kitchen"], 1, "NODE=FACTOR"),
            (["--straggler", "kitchen=-1"], 1, "0 to 1000000 times"), (["--pictures", "0"], 1, "1 to 100000 pictures"),
            (["--strategy", "auot"], 1, "did you mean 'auto'?"),
            (["--strategy", "auto", "--option", "objective=speed"], 1, "latency, throughput, memory"),
            (["--strategy", "auto", "--strategy", "vertical", "--svg", "x.svg"], 64, "for one strategy"),
            (["--nodes", "1..4"], 1, "expected at most 3 nodes, as many as the cluster has, found 4"),
            (["--nodes", "2..1"], 64, "'2..1' is invalid"), (["--nodes", "0"], 64, "'0' is invalid"),
            (["--nodes", "2", "--svg", "x.svg"], 64, "'--svg' draws one run"),
        ])
    func errors(more: [String], status: Int32, message: String) throws {
        let run = try Command(arguments + more)
        #expect(run.status == status)
        #expect(run.errors.contains(message), "\(run.errors)")
    }
}
