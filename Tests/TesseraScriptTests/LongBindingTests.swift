import TesseraCore
import TesseraScript
import Testing

/// Bindings that work for long look at the script's time on their way: what they throw tells that they did, and not the hook that looks
/// after them.
@Suite struct LongBindingTests {
    private let folder: NetworkFolder

    init() throws {
        folder = try NetworkFolder()
        let layers = (1...24).map { "  - conv: {name: c\($0), channels: 48, kernel: 3, padding: same}" }
        try folder.write(
            "long.yaml",
            """
            tessera: 1
            inputs: {x: {shape: [1, 3, 320, 320]}}
            weights: {random: 7}
            layers:
            \(layers.joined(separator: "\n"))
            outputs: [c24]
            """)
        try folder.write(
            "wide.yaml",
            """
            tessera: 1
            inputs: {x: {shape: [1, 512]}}
            weights: {random: 7}
            layers:
              - linear: {name: a, features: 3000}
              - linear: {name: b, features: 10}
            outputs: [b]
            """)
    }

    /// What is called, after what, each of which takes far longer than a twentieth of a second.
    private static let calls: [String: (setup: String, call: String)] = [
        "net:run": ("x = tessera.tensor{shape = {1, 3, 320, 320}} long:run(x)", "for i = 1, 100 do long:run(x) end"),
        "net:bench": ("", "long:bench{seconds = 60}"),
        "net:prune with a metric": ("", "wide:prune{metric = 'fpgm', amount = {rule = 'ratio', ratio = 0.5}}"),
        "net:prune for a latency": (
            "", "long:prune{amount = {rule = 'target-latency', factor = 1.2, by = 'ratio'}, latency = true}"
        ),
        "net:quantize": (
            "list = {} for i = 1, 50 do list[i] = tessera.tensor{shape = {1, 3, 320, 320}, random = i} end",
            "long:quantize{calibrate = list}"
        ),
        "net:compress": ("", "long:compress{codec = 'auto', bits = 16}"),
        "trainer:step": (
            """
            local net = tessera.network{
              name = "net", inputs = {x = {shape = {"batch", 3, 160, 160}}}, weights = {random = 1}, outputs = {"f"},
              layers = {
                {conv = {name = "a", channels = 64, kernel = 3}}, {conv = {name = "b", channels = 64, kernel = 3}},
                {global_average_pool = {name = "g"}}, {flatten = {name = "f"}},
              },
            }
            trainer = net:trainer{batch = 8}
            batch = {input = tessera.tensor{shape = {8, 3, 160, 160}}, classes = {1, 2, 3, 4, 5, 6, 7, 8}}
            """, "for i = 1, 100 do trainer:step(batch) end"
        ),
    ]

    @Test("they end when their time is over, and say so", arguments: calls.keys.sorted())
    func deadline(name: String) async throws {
        let (setup, call) = try #require(Self.calls[name])
        let networks = "long, wide = tessera.network(folder .. '/long.yaml'), tessera.network(folder .. '/wide.yaml')\n"
        let error = try #require(await folder.failure(call, after: networks + setup, within: 0.05))
        #expect("\(error)".contains("this took longer than the time it was given"), "\(error)")
    }

    @Test func theScriptsLimitIsTheirDeadline() throws {
        var seconds: [Double] = []
        let probe = Binding("probe", "probe()", "How long there is.") { _ in
            seconds.append(Deadline.current.map { ($0 - .now) / .seconds(1) } ?? .infinity)
            return []
        }
        let library = ScriptLibrary("test", "What tests look at.", functions: [probe])
        for timeout in [Double?.none, 1000] {
            var options = ScriptEngine.Options()
            options.timeout = timeout
            try ScriptEngine(options, libraries: [library]).run("test.probe()")
        }
        #expect(seconds.count == 2 && seconds[0] == .infinity)
        #expect((1...1000).contains(seconds.last ?? 0))
        #expect(Deadline.current == nil)
    }
}
