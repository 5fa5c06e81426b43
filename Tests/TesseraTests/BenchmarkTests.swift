import Foundation
@testable import Tessera
import TesseraTestSupport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct BenchmarkTests {
    @Test("percentiles are interpolated between the runs, as by hand")
    func percentiles() {
        let timings = Timings(milliseconds: [40, 10, 30, 20])
        #expect(timings.milliseconds == [10, 20, 30, 40])
        // (4 - 1) · 0.5 = 1.5: half way from 20 to 30; · 0.9 = 2.7: seven tenths of the way from 30 to 40.
        #expect(timings.median == 25 && timings.mean == 25 && timings.minimum == 10)
        #expect(abs(timings.percentile(90) - 37) < 1e-12)
        #expect(timings.percentile(0) == 10 && timings.percentile(100) == 40 && timings.percentile(200) == 40)
        let one = Timings(milliseconds: [7])
        #expect(one.median == 7 && one.percentile(99) == 7)
        #expect(Timings(milliseconds: [3, 1, 2]).median == 2)
        #expect(Timings(milliseconds: []).median.isNaN)
    }

    @Test("times of steps become those of layers: kernels by median, copies apart, merged layers within their own")
    func profile() throws {
        let profile = try Self.profile()
        #expect(profile.layers.map(\.layer) == ["a", "p", "flat"])
        #expect(profile.layers.map(\.merged) == [["b"], [], []])
        #expect(profile.layers.map(\.operatorName) == ["conv", "max_pool", "flatten"])
        #expect(profile.layers.map(\.kernel) == ["jit + jit2", "simple", "none"])
        #expect(profile.layers.map(\.precision) == [.bf16, .f32, .f32])
        // a takes 2 + 1, 3 + 1 and 10 + 1 ms, of which 4 is the median; p takes 1, 1 and 2.
        #expect(profile.layers.map(\.milliseconds) == [4, 1, 0])
        #expect(profile.layers.map(\.share) == [0.8, 0.2, 0])
        #expect(profile.layers.map(\.copies) == [0.5, 0, 0])
        #expect(profile.kernelMilliseconds == 5 && profile.copyMilliseconds == 0.75)
        // 1x1x4x4, one channel, 3x3, same: 16 · 9 MACs; twice that in 4 ms.
        #expect(profile.layers[0].multiplyAccumulates == 144)
        #expect(profile.layers[0].gflops == 2 * 144 / 4e-3 / 1e9)
        #expect(profile.totals.map(\.operatorName) == ["conv", "max_pool", "flatten"])
        #expect(profile.totals.map(\.share).reduce(0, +) == 1)
    }

    @Test("the chart has a bar for each layer, as long as it takes, and is well-formed whatever the names are")
    func drawing() throws {
        let report = Self.report(try Self.profile())
        let chart = try ChartElements(report.svg())
        #expect(chart.texts.contains("<net> & \"co\""))
        #expect(chart.texts.contains { $0.contains("median 6.000 ms of 3 runs") })
        // The longest, 4 ms and its copies of 0.5 ms, fill 440 units.
        let bars = chart.rectangles.filter { $0["height"] == "12" }
        #expect(bars.compactMap { $0["width"].flatMap(Double.init) } == [391.11, 48.89, 97.78, 0])
        #expect(Set(bars.map { $0["fill"] }).count == 4)
        for text in ["a +1", "p", "flat"] { #expect(chart.texts.contains(text), "\(text)") }
        expectError(.invalidArgument, "without") { _ = try Self.report(nil).svg() }
    }

    @Test("charts of one to 150 layers keep rows apart, within the picture", arguments: [1, 5, 150])
    func layout(count: Int) throws {
        var graph = Graph()
        var value = try graph.addInput("x", shape: SymbolicShape(Shape([1, 4])))
        for index in 0..<count {
            let name = String(repeating: "block.", count: index % 12) + "layer\(index)"
            value = try graph.addNode(name, Relu(), inputs: [value])
        }
        try graph.addOutput("y", value)
        let bound = try BoundGraph(graph, inputs: [:]) { _, _ in nil }
        let session = try Session(bound, backend: ReferenceBackend())
        let steps = graph.nodes.enumerated().map { index, node in
            StepSpan(
                layer: node.name, kind: .kernel, implementation: "k", start: .milliseconds(index),
                duration: .microseconds(100 + 7 * index))
        }
        let run = NetworkProfile.Run(start: .zero, duration: .milliseconds(count), steps: steps)
        let chart = try ChartElements(
            Self.report(NetworkProfile(session, options: CompileOptions(), runs: [run])).svg())
        let tops = chart.rectangles.filter { $0["height"] == "12" }.compactMap { $0["y"].flatMap(Double.init) }
        #expect(tops.count == count)
        #expect(zip(tops, tops.dropFirst()).allSatisfy { $1 - $0 == 18 })
        let height = try #require(chart.height)
        #expect(tops.allSatisfy { $0 > 60 && $0 + 12 < height })
        let width = try #require(chart.width)
        for place in chart.textPlaces { #expect(place >= 0 && place < width) }
    }

    @Test("a trace has each step within its inference, one after the other, in microseconds")
    func trace() throws {
        let trace = ChromeTrace(try Self.profile(), named: "n", runs: 2)
        let json = try JSONSerialization.jsonObject(with: Data(trace.json.utf8)) as? [String: Any] ?? [:]
        let events = json["traceEvents"] as? [[String: Any]] ?? []
        try checkTrace(events)
        let complete = events.filter { $0["ph"] as? String == "X" }
        #expect(
            complete.map { $0["name"] as? String } == [
                "inference 1", "x", "a", "a", "a", "p", "inference 2", "x", "a", "a", "a", "p",
            ])
        #expect(complete[2]["ts"] as? Double == 250 && complete[2]["dur"] as? Double == 500)
        let arguments = complete[3]["args"] as? [String: Any] ?? [:]
        #expect(arguments["kernel"] as? String == "jit" && arguments["macs"] as? Int == 144)
        // 2 · 144 operations in 2 ms.
        #expect(arguments["gflops"] as? Double == 2 * 144 / 2e-3 / 1e9)
        #expect(arguments["merged"] as? [String] == ["b"] && arguments["precision"] as? String == "bf16")
    }

    @Test("random inputs are the same each time, of the declared shapes and types")
    func randomInputs() throws {
        let network = try NetworkLoader(operators: .builtin).load(
            text: """
                tessera: 1
                inputs: {x: {shape: [1, width]}, ids: {shape: [2], type: i64}}
                layers: [relu: {from: x}]
                outputs: {y: relu1, ids: ids}
                """, file: "n.yaml")
        let inputs = try network.randomInputs(["x": [1, 1000]])
        #expect(try network.randomInputs(["x": [1, 1000]]) == inputs)
        let values = try #require(inputs["x"]).floats()
        #expect(values.allSatisfy { (0..<1).contains($0) } && Set(values).count > 990)
        #expect(abs(values.reduce(0, +) / 1000 - 0.5) < 0.05)
        #expect(inputs["ids"]?.integers() == [0, 0])
        expectError(.invalidArgument, "input 'x' has the open shape 1xwidth") { _ = try network.randomInputs() }
    }

    @Test("settings that make no sense are refused", arguments: [-1, .nan, .infinity])
    func settings(seconds: Double) throws {
        let benchmark = Benchmark(seconds: seconds)
        expectError(.invalidArgument, "expected 0 to 86400 seconds") {
            _ = try benchmark.measure(TestFiles.network("lenet5"), inputs: ["digit": [1, 1, 32, 32]])
        }
    }

    @Test("a network whose shapes depend on data is measured as a whole, and its layers are not")
    func dataDependent() throws {
        let network = try NetworkLoader(operators: .builtin).load(
            text: """
                tessera: 1
                inputs: {x: {shape: [1, 2, 3, 3]}, sizes: {shape: [2], type: i64}}
                layers:
                  - reshape: {name: y, from: [x, sizes]}
                outputs: [y]
                """, file: "n.yaml")
        let inputs = try network.randomInputs().merging(["sizes": Tensor(integers: [2, 9], shape: [2])]) { $1 }
        let report = try Benchmark(seconds: 0).measure(network, inputs: inputs, backend: ReferenceBackend())
        #expect(report.timings.count == 3 && report.gflops == nil && report.activationByteCount == nil)
        expectError(.notSupported, "shapes depend on what it reads") {
            _ = try Benchmark(seconds: 0, isProfiled: true).measure(
                network, inputs: inputs, backend: ReferenceBackend())
        }
    }

    // MARK: A profile whose times are known

    /// Of three runs: a copy of the input, a copy and two kernels for `a`, which contains `b`, and one kernel for `p`.
    static func profile() throws -> NetworkProfile {
        let network = try NetworkLoader(operators: .builtin).load(
            text: """
                tessera: 1
                inputs: {x: {shape: [1, 1, 4, 4]}}
                weights: {random: 1}
                layers:
                  - conv: {name: a, channels: 1, kernel: 3, padding: same}
                  - relu: {name: b}
                  - max_pool: {name: p, kernel: 2}
                  - flatten: {name: flat}
                outputs: [flat]
                """, file: "n.yaml")
        let session = try Session(network.bound(), backend: FixedBackend())
        let runs = [(2.0, 1.0), (3, 1), (10, 2)].enumerated().map { index, times in
            var clock = 0.0
            func step(_ layer: String, _ kind: StepSpan.Kind, _ name: String, _ milliseconds: Double) -> StepSpan {
                defer { clock += milliseconds }
                return StepSpan(
                    layer: layer, kind: kind, implementation: name, start: .microseconds(Int(clock * 1000)),
                    duration: .microseconds(Int(milliseconds * 1000)))
            }
            return NetworkProfile.Run(
                start: .milliseconds(20 * index), duration: .milliseconds(18),
                steps: [
                    step("x", .copy, "input", 0.25), step("a", .copy, "reorder", 0.5),
                    step("a", .kernel, "jit", times.0),
                    step("a", .kernel, "jit2", 1), step("p", .kernel, "simple", times.1),
                ])
        }
        let options = CompileOptions(precision: PrecisionChoice(.f32, layers: ["a": .bf16]))
        return NetworkProfile(session, options: options, runs: runs)
    }

    static func report(_ profile: NetworkProfile?) -> BenchmarkReport {
        var report = BenchmarkReport(
            network: "<net> & \"co\"", backend: "fixed", options: CompileOptions(),
            timings: Timings(milliseconds: [5, 6, 9]), loading: 1, first: 2, start: nil, startByteCount: nil,
            peakByteCount: nil,
            activationByteCount: 64, multiplyAccumulates: 144)
        report.profile = profile
        return report
    }
}

/// Complete events with names, times in order, steps within inferences, none over another.
func checkTrace(_ events: [[String: Any]]) throws {
    let metadata = events.filter { $0["ph"] as? String == "M" }
    #expect(Set(metadata.compactMap { $0["name"] as? String }) == ["process_name", "thread_name"])
    for event in metadata { #expect((event["args"] as? [String: Any])?["name"] is String) }
    let complete = events.filter { $0["ph"] as? String == "X" }
    #expect(complete.count + metadata.count == events.count && complete.count > 1)
    var (inference, last) = ((begin: 0.0, end: 0.0), 0.0)
    for event in complete {
        #expect(event["pid"] is Int && event["tid"] is Int && event["name"] is String && event["args"] != nil)
        let begin = try #require(event["ts"] as? Double)
        let end = begin + (try #require(event["dur"] as? Double))
        // Sums of numbers of microseconds with three digits are not exact.
        let rounding = 1e-4
        #expect(begin >= last - rounding && end >= begin)
        if event["cat"] as? String == "inference" {
            #expect(begin >= inference.end - rounding)
            (inference, last) = ((begin, end), begin)
        } else {
            #expect(begin >= inference.begin - rounding && end <= inference.end + rounding)
            last = end
        }
    }
}

/// A backend that says that it merges `b` into `a` and runs nothing for `flat`.
private struct FixedBackend: KernelBackend {
    let name = "fixed"
    let instructionSet = "none"

    struct Compiled: CompiledNetwork {
        let kernels = [
            KernelDescription(layer: "a", implementation: "jit", merged: ["b"]),
            KernelDescription(layer: "a", implementation: "jit2"),
            KernelDescription(layer: "p", implementation: "simple"),
        ]
        let activationByteCount = 64
        func makeOutputs() throws -> [Tensor] { [] }
        func run(_ inputs: [Tensor], into outputs: inout [Tensor], isCancelled: () -> Bool) throws {}
        func profile(_ inputs: [Tensor]) throws -> [StepSpan] { [] }
    }

    func compile(_ graph: BoundGraph, options: CompileOptions) throws -> any CompiledNetwork { Compiled() }
}

/// The rectangles and texts of a chart. Throws if it is not well-formed XML.
private final class ChartElements: NSObject, XMLParserDelegate {
    private(set) var rectangles: [[String: String]] = []
    private(set) var texts: [String] = []
    private(set) var textPlaces: [Double] = []
    private(set) var width: Double?
    private(set) var height: Double?
    private var content = ""

    init(_ svg: String) throws {
        super.init()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = self
        guard parser.parse() else {
            throw TesseraError(.malformedFile, "the chart is not well-formed: \(parser.parserError as Any)")
        }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        content = ""
        switch name {
        case "svg":
            (width, height) = (attributes["width"].flatMap(Double.init), attributes["height"].flatMap(Double.init))
        case "rect": rectangles.append(attributes)
        case "text": textPlaces += attributes["x"].flatMap(Double.init).map { [$0] } ?? []
        default: break
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { content += string }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        if name == "text" { texts.append(content) }
    }
}
