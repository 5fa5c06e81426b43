import Foundation
import Tessera
import TesseraTestSupport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct BenchCommandTests {
    private let lenet = TestFiles.network("lenet5")

    @Test("the JSON has all figures, and they fit each other", arguments: ["onednn", "reference"])
    func json(backend: String) throws {
        let run = try Command(
            "bench", lenet, "--seconds", "0.05", "--threads", "1", "--json", "--profile", "--backend", backend)
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        let report = try run.json()
        #expect(report["network"] as? String == "lenet5" && report["precision"] as? String == "f32")
        #expect(report["threads"] as? Int == 1 && report["backend"] as? String == backend)
        func number(_ key: String) throws -> Double { try #require(report[key] as? Double, "\(key)") }
        #expect(try number("median_ms") <= number("p90_ms"))
        #expect(try number("p90_ms") <= number("p99_ms"))
        #expect(try number("min_ms") <= number("median_ms"))
        #expect(try number("min_ms") <= number("mean_ms"))
        for key in ["load_ms", "first_ms", "start_ms", "peak_rss_bytes", "activation_bytes", "overhead"] {
            #expect(try number(key) > 0, "\(key)")
        }
        #expect(try number("start_rss_bytes") < number("peak_rss_bytes"))
        #expect(try number("runs") >= 3 && number("profiled_runs") >= 3)
        // 416,520 is what `inspect` counts.
        #expect(try number("macs") == 416_520)
        #expect(try abs(number("gflops") - 2 * 416_520 / number("median_ms") / 1e6) < 1e-6)

        let layers = report["layers"] as? [[String: Any]] ?? []
        let named = layers.flatMap { [$0["layer"] as? String ?? ""] + ($0["merged"] as? [String] ?? [""]) }
        let network = try Modules.builtin.loader.load(lenet)
        #expect(named.sorted() == network.graph.nodes.map(\.name).sorted(), "each layer once, or within another")
        let shares = try layers.map { try #require($0["share"] as? Double) }
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9 && shares.allSatisfy { $0 >= 0 })
        let times = try layers.map { try #require($0["ms"] as? Double) }
        #expect(try abs(times.reduce(0, +) - number("kernel_ms")) < 1e-9)
        #expect(try abs(number("overhead") - number("median_ms") / number("kernel_ms")) < 1e-9)
        #expect(try number("copy_ms") >= 0)
        for layer in layers {
            #expect(layer["operator"] is String && layer["kernel"] is String && layer["precision"] as? String == "f32")
            #expect(layer["gflops"] is Double && layer["copies_ms"] is Double && layer["macs"] is Int)
        }
    }

    @Test("there are at least three runs, and no layers unless they are asked for")
    func atLeastThree() throws {
        let report = try Command("bench", lenet, "--seconds", "0", "--warm-up", "0", "--json").json()
        #expect(report["runs"] as? Int == 3 && report["layers"] == nil && report["kernel_ms"] == nil)
    }

    @Test("people get a summary, a table of layers in order, and one of their kinds")
    func text() throws {
        let run = try Command("bench", lenet, "--seconds", "0", "--profile", "--random-weights")
        #expect(run.status == 0, "\(run.errors)")
        for part in ["network", "lenet5", "median", "90 %, 99 %", "GFLOP/s", "first inference", "activations"] {
            #expect(run.output.contains(part), "\(part)")
        }
        let rows = run.output.split(separator: "\n").map { $0.split(separator: " ").first.map(String.init) ?? "" }
        let (first, last) = (try #require(rows.firstIndex(of: "conv1")), try #require(rows.firstIndex(of: "fc3")))
        let total = try #require(rows.firstIndex(of: "total"))
        #expect(first < last && last < total && rows[total...].contains("conv"))
    }

    @Test("inputs may be given, and sizes that are open must be")
    func inputs() throws {
        let folder = try TemporaryFolder()
        try NpyFile.write(try Tensor(zeros: [1, 1, 32, 32]), to: folder.file("x.npy"))
        let given = try Command("bench", lenet, "--input", folder.file("x.npy"), "--seconds", "0", "--json")
        #expect(given.status == 0, "\(given.errors)")
        let open = try Command("bench", TestFiles.network("dncnn"), "--seconds", "0")
        #expect(open.status == 1 && open.errors.contains("give --shape image="), "\(open.errors)")
        let shaped = try Command(
            "bench", TestFiles.network("dncnn"), "--shape", "image=1x1x8x8", "--seconds", "0", "--json")
        #expect(shaped.status == 0, "\(shaped.errors)")
    }

    @Test("a chart and a trace are written, well-formed")
    func files() throws {
        let folder = try TemporaryFolder()
        let (chart, trace) = (folder.file("chart.svg"), folder.file("trace.json"))
        let run = try Command("bench", lenet, "--seconds", "0", "--svg", chart, "--trace", trace)
        #expect(run.status == 0, "\(run.errors)")
        let drawing = try String(contentsOfFile: chart, encoding: .utf8)
        #expect(XMLParser(data: Data(drawing.utf8)).parse())
        #expect(drawing.contains(">lenet5<") && drawing.contains(">conv1 +1<") && drawing.contains("GFLOP/s"))
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: trace)))
        let events = (json as? [String: Any])?["traceEvents"] as? [[String: Any]] ?? []
        try checkNesting(of: events)
        let names = Set(events.compactMap { $0["name"] as? String })
        #expect(names.isSuperset(of: ["inference 1", "inference 3", "conv1", "fc3"]), "\(names)")
        let refused = try Command("bench", lenet, "--seconds", "0", "--svg", folder.file("none/chart.svg"))
        #expect(refused.status == 1 && refused.errors.contains("none/chart.svg"), "\(refused.errors)")
    }

    private func checkNesting(of events: [[String: Any]]) throws {
        var inference = (begin: 0.0, end: 0.0)
        var last = 0.0
        for event in events where event["ph"] as? String == "X" {
            let begin = try #require(event["ts"] as? Double)
            let end = try #require(event["dur"] as? Double) + begin
            if event["cat"] as? String == "inference" {
                #expect(begin >= inference.end - 1e-3)
                (inference, last) = ((begin, end), begin)
            } else {
                #expect(begin >= last - 1e-3 && end <= inference.end + 1e-3, "\(event)")
                last = end
            }
        }
    }

    @Test("a precision is computed in, for all layers or for some")
    func precision() throws {
        let run = try Command(
            "bench", lenet, "--seconds", "0", "--backend", "reference", "--precision", "bf16", "--layer-precision",
            "fc3=f32", "--layer-precision", "fc2=f16", "--json", "--profile")
        #expect(run.status == 0, "\(run.errors)")
        let report = try run.json()
        #expect(report["precision"] as? String == "bf16")
        #expect(report["layer_precision"] as? [String: String] == ["fc3": "f32", "fc2": "f16"])
        let layers = report["layers"] as? [[String: Any]] ?? []
        #expect(layers.suffix(3).map { $0["precision"] as? String } == ["f16", "bf16", "f32"])
    }

    @Test("'run' computes in the precision that it is given")
    func runPrecision() throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(
            """
            tessera: 1
            inputs: {x: {shape: [1, 2]}}
            layers: [relu: {name: y}]
            outputs: [y]
            """, to: "n.yaml")
        // 1 + 1/256 lies between the neighbours 1 and 1 + 1/128 of bf16; f16 holds it.
        try NpyFile.write(try Tensor([1.00390625, -1], shape: [1, 2]), to: folder.file("x.npy"))
        for (arguments, expected) in [
            (["--precision", "bf16"], 1 as Float), (["--precision", "f16"], 1.00390625),
            (["--layer-precision", "y=bf16"], 1), (["--precision", "bf16", "--layer-precision", "y=f32"], 1.00390625),
        ] {
            let run = try Command(
                [
                    "run", network, "--backend", "reference", "--input", folder.file("x.npy"), "--output",
                    folder.file("y.npy"),
                ]
                    + arguments)
            #expect(run.status == 0, "\(run.errors)")
            #expect(try NpyFile.read(folder.file("y.npy")).floats() == [expected, 0], "\(arguments)")
        }
    }

    @Test(
        "what cannot be is one clear error",
        arguments: [
            (["--precision", "f8"], 1, "--precision: expected one of f32, bf16, f16, found 'f8'"),
            (["--layer-precision", "conv1"], 1, "'--layer-precision' expects NAME=PRECISION, found 'conv1'"),
            (["--layer-precision", "conv1=f8"], 1, "found 'f8'"),
            (["--layer-precision", "conv1=f16", "--layer-precision", "conv1=f32"], 1, "'conv1' twice"),
            (["--layer-precision", "cov1=f16"], 1, "'cov1', which is no layer, did you mean 'conv1'?"),
            (["--seconds=-1"], 64, "'--seconds' expects 0 to 86400, found -1.0"),
            (["--seconds", "nan"], 64, "'--seconds' expects 0 to 86400, found nan"),
            (["--seconds", "inf"], 64, "'--seconds' expects"),
            (["--warm-up=-1"], 64, "'--warm-up' expects"),
            (["--threads", "0"], 64, "'--threads' expects"),
            (["--random-weights", "--weights", "x.safetensors"], 64, "exclude each other"),
            (["--backend", "onednm"], 1, "did you mean 'onednn'?"),
        ])
    func misuse(arguments: [String], status: Int32, message: String) throws {
        let run = try Command(["bench", lenet] + arguments)
        #expect(run.status == status && run.output.isEmpty)
        #expect(run.errors.contains(message), "\(run.errors)")
    }

    @Test("a deployment file gives a precision, which the command line may change")
    func deployment() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "{tessera: 1, network: \(lenet), precision: {base: f32, layers: {conv1: f32, cnv2: f16}}}", to: "d.yaml")
        try NpyFile.write(try Tensor(zeros: [1, 1, 32, 32]), to: folder.file("x.npy"))
        let arguments = ["deploy", file, "--local", "2", "--input", folder.file("x.npy")]
        let unknown = try Command(arguments)
        #expect(unknown.status == 1 && unknown.errors.contains("'cnv2', which is no layer, did you mean 'conv2'?"))
        try folder.write("{tessera: 1, network: \(lenet), precision: {base: f32, layers: {conv1: f32}}}", to: "d.yaml")
        let run = try Command(arguments + ["--verify", "--json"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(try run.json()["identical"] as? Bool == true)
        let option = try Command(arguments + ["--layer-precision", "fc9=f16"])
        #expect(option.status == 1 && option.errors.contains("'fc9', which is no layer"), "\(option.errors)")
    }
}
