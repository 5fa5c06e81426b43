import Foundation
import Tessera
import TesseraScript
import Testing

@Suite struct ScriptPluginTests {
    private let folder: NetworkFolder

    init() throws {
        folder = try NetworkFolder()
        try folder.write(
            "half.lua",
            """
            local calls = 0
            tessera.register.partition_strategy("rows", function(span, nodes)
              local tiles = {}
              for node, rows in ipairs(tessera.divide(span.output.shape[3], nodes)) do
                tiles[node] = {node = node, rows = rows}
              end
              return {{output = span.output.name, tiles = tiles}}
            end, {summary = "equal rows"})
            tessera.register.saliency_metric("calls", function(group)
              calls = calls + 1
              local result = {}
              for i = 1, #group.channels do result[i] = calls * 100 + i end
              return result
            end)
            tessera.register.amount_rule("part", function(problem, options)
              local counts = {}
              for i, curve in ipairs(problem.curves) do counts[i] = math.floor(#curve.values * options.part) end
              assert(problem:operations(counts) <= problem:operations{0, 0})
              return counts
            end, {summary = "a part", options = {part = {default = 0.5, summary = "the part that goes"}}})
            tessera.register.calibration_method("half", function(histogram, bits)
              return histogram.minimum / 2, histogram.maximum / 2
            end)
            """)
        try folder.write(
            "toy.yaml",
            """
            tessera: 1
            name: toy
            inputs: {image: {shape: [1, 1, 8, 8]}}
            weights: {random: 7}
            layers:
              - conv: {name: a, channels: 8, kernel: 3, padding: same}
              - relu
              - conv: {name: b, channels: 6, kernel: 3, padding: same}
              - conv: {name: c, channels: 1, kernel: 1}
            outputs: [c]
            """)
    }

    private func modules() throws -> Modules {
        var modules = Modules.builtin
        modules.pluginLoaders.append(ScriptPluginLoader())
        return try modules.loading(plugins: [folder.path + "/half.lua"])
    }

    @Test func aPluginsModulesAreKnownByName() throws {
        let modules = try modules()
        #expect(try modules.strategies.module("rows").summary == "equal rows")
        #expect(try modules.strategies.module("rows").source == folder.path + "/half.lua")
        #expect(try modules.pruningAmounts.module("part").keys.map(\.name) == ["part"])
        // Named twice, it is loaded once.
        #expect(try modules.loading(plugins: [folder.path + "/./half.lua"]).plugins.count == 1)
    }

    @Test func aStrategyOfAPluginCutsAsTheSameInSwift() throws {
        let modules = try modules()
        let graph = try modules.loader.load(folder.path + "/toy.yaml").bound(inputs: [:])
        let own = try PartitionChoice(strategy: "rows").plan(graph, nodes: 3, strategies: modules.strategies)
        let builtin = try PartitionChoice(strategy: "vertical").plan(graph, nodes: 3, strategies: modules.strategies)
        #expect(own.stages.map { $0.tiles.map(\.region) } == builtin.stages.map { $0.tiles.map(\.region) })
    }

    @Test func everyProductHasAStateOfItsOwn() throws {
        let modules = try modules()
        let network = try modules.loader.load(folder.path + "/toy.yaml")
        let context = SaliencyContext(try ChannelDependencies(network.bound(inputs: [:])), objective: nil)
        let (first, second) = (try modules.saliencyMetrics.make("calls"), try modules.saliencyMetrics.make("calls"))
        // Two groups: the function counts its calls.
        #expect(try first.saliencies(in: context).map(\.[0]) == [101, 201])
        #expect(try first.saliencies(in: context).map(\.[0]) == [301, 401])
        #expect(try second.saliencies(in: context).map(\.[0]) == [101, 201])
    }

    @Test func aRuleOfAPluginPrunesByItsOptions() throws {
        let modules = try modules()
        let network = try modules.loader.load(folder.path + "/toy.yaml")
        for (options, expected) in [("{rule: part}", [4, 3]), ("{rule: part, part: 0.25}", [6, 5])] {
            let settings = try PruningFile(
                configuration: YAMLReader.parse("{tessera: 1, metric: l1, amount: \(options)}", file: "test"))
            var pruning = NetworkPruning(
                network, settings, shapes: ["image": [1, 1, 8, 8]], modules: modules,
                backend: try modules.backends.make("reference"))
            pruning.latencySeconds = nil
            #expect(try pruning.run().report.layers.prefix(2).map(\.channels_after) == expected)
        }
    }

    @Test func aCalibrationMethodOfAPluginChoosesRanges() throws {
        var histogram = ActivationHistogram()
        try histogram.add(Tensor([-2, 0, 1, 6], shape: [4]))
        #expect(try modules().calibrators.make("half").range(of: histogram, bits: 8) == -1...3)
    }

    @Test("a plugin has no more time and memory than the script that it works for")
    func limitsOfTheCaller() async throws {
        try folder.write(
            "endless.lua",
            """
            tessera.register.partition_strategy("endless", function() while true do end end)
            tessera.register.partition_strategy("hungry", function()
              local all = {}
              while true do all[#all + 1] = string.rep("x", 1 << 20) end
            end)
            tessera.register.weight_layout("endless", function() while true do end end)
            """)
        let script = """
            tessera.plugin(folder .. "/endless.lua")
            tessera.network(folder .. "/toy.yaml"):plan{nodes = 2, strategy = STRATEGY}
            """
        func failure(_ strategy: String, _ options: ScriptEngine.Options) async -> TesseraError? {
            await folder.failure(script.replacing("STRATEGY", with: "'\(strategy)'"), options)
        }
        var options = ScriptEngine.Options()
        options.timeout = 1
        let start = ContinuousClock.now
        let late = try #require(await failure("endless", options))
        #expect(late.code == .limitExceeded)
        #expect(late.message.contains("ran longer than its limit of 1 s"))
        // Its own time is an hour.
        #expect(ContinuousClock.now - start < .seconds(600))
        // Plugins that options name are no different.
        let named = """
            tessera.network(folder .. "/toy.yaml"):compress{plugins = {folder .. "/endless.lua"}, codec = "png", layout = "endless"}
            """
        let layout = try #require(await folder.failure(named, options))
        #expect(layout.message.contains("ran longer than its limit of 1 s"))
        options.timeout = 60
        options.memoryLimit = 32
        let large = try #require(await failure("hungry", options))
        #expect(large.message.contains("more than its limit of 32 MiB of memory"))
    }

    @Test("a plugin ends when the script that it works for is interrupted")
    func interruptionOfTheCaller() async throws {
        try folder.write(
            "endless.lua", "tessera.register.partition_strategy('endless', function() while true do end end)")
        let (options, isDone) = (ScriptEngine.Options(), Flag())
        let clock = options.clock
        let thread = Thread {
            while !isDone.isDone {
                Thread.sleep(forTimeInterval: 0.05)
                clock.interruption.request()
            }
        }
        thread.start()
        defer { isDone.set(true) }
        let script = """
            tessera.plugin(folder .. "/endless.lua")
            tessera.network(folder .. "/toy.yaml"):plan{nodes = 2, strategy = "endless"}
            """
        let error = try #require(await folder.failure(script, options))
        #expect(error.message.hasSuffix("interrupted"), "\(error)")
    }

    @Test("an error in a plugin says of which module it is, with the calls in the plugin as its cause")
    func failing() async throws {
        try folder.write(
            "failing.lua",
            """
            local function scale(group)
              return group.none.scale
            end
            tessera.register.saliency_metric("mine", function(group)
              local values = {scale(group)}
              return values
            end)
            tessera.register.saliency_metric("few", function() return {1} end)
            """)
        var modules = Modules.builtin
        modules.pluginLoaders.append(ScriptPluginLoader())
        try modules.load(plugins: [folder.path + "/failing.lua"])
        let network = try modules.loader.load(folder.path + "/toy.yaml")
        func error(_ metric: String) throws -> TesseraError {
            let settings = try PruningFile(
                configuration: YAMLReader.parse(
                    "{tessera: 1, metric: \(metric), amount: {rule: ratio, ratio: 0.5}}", file: "test"))
            let pruning = NetworkPruning(
                network, settings, shapes: ["image": [1, 1, 8, 8]], modules: modules,
                backend: try modules.backends.make("reference"))
            return try #require(#expect(throws: TesseraError.self) { try pruning.run() })
        }
        let mine = try error("mine")
        #expect(mine.location == SourceLocation(file: folder.path + "/failing.lua", line: 2))
        #expect(mine.path == "saliency metric 'mine'")
        #expect(mine.message == "attempt to index a nil value (field 'none')")
        #expect(mine.traceback.count == 2, "\(mine.traceback)")
        let few = try error("few")
        #expect("\(few)".hasPrefix("saliency metric 'few': "), "\(few)")
        #expect(few.message == "expected 8 saliencies, found 1")
        // From a script, the plugin's calls are those of the cause.
        let script = """
            tessera.plugin(folder .. "/failing.lua")
            tessera.network(folder .. "/toy.yaml"):prune{metric = "mine", amount = {rule = "ratio", ratio = 0.5}}
            """
        let outer = try #require(await folder.failure(script))
        #expect(outer.location == SourceLocation(file: "test.lua", line: 2))
        #expect(outer.message.hasSuffix("saliency metric 'mine': attempt to index a nil value (field 'none')"))
        #expect((outer.cause as? TesseraError)?.traceback == mine.traceback)
    }

    @Test("an error in a module of the script itself says of which")
    func failingInTheScript() async throws {
        let error = try #require(
            await folder.failure(
                """
                tessera.register.partition_strategy("mine", function(span) return span.none.x end)
                tessera.network(folder .. "/toy.yaml"):plan{nodes = 2, strategy = "mine"}
                """))
        #expect(error.description == "test.lua:1: strategy 'mine': attempt to index a nil value (field 'none')")
    }

    @Test(
        "A plugin that cannot be used says why",
        arguments: [
            ("print('nothing')", "expected a script that registers a module with 'tessera.register', found none"),
            ("tessera.register.partition_strategy('strips', function() end)", "'strips' is registered already"),
            ("error('no')", "no"), ("tessera.register.amount_rule('x', 3)", "expected a function, got a number"),
            (
                "tessera.register.amount_rule('x', function() end, {options = {part = {}}})",
                "option 'part': missing 'type' or 'default'"
            ),
            (
                "tessera.register.amount_rule('x', function() end, {options = {part = {type = 'real'}}})",
                "expected one of boolean, integer, number, string, table"
            ),
            (
                "tessera.register.amount_rule('x', function() end, {options = {part = {type = 'integer', default = 'a'}}})",
                "expected an integer, got a string"
            ), ("io.open('x')", "io"),
        ])
    func broken(source: String, message: String) throws {
        try folder.write("broken.lua", source)
        let modules = try modules()
        let error = #expect(throws: TesseraError.self) { try modules.loading(plugins: [folder.path + "/broken.lua"]) }
        #expect("\(try #require(error))".contains(message))
    }

    @Test func aPluginThatLoadsItselfIsRefused() throws {
        try folder.write("one.lua", "tessera.plugin('\(folder.path)/two.lua')")
        try folder.write("two.lua", "tessera.plugin('\(folder.path)/one.lua')")
        let modules = try modules()
        let error = #expect(throws: TesseraError.self) { try modules.loading(plugins: [folder.path + "/one.lua"]) }
        #expect("\(try #require(error))".contains("one.lua' loads itself"))
    }

    @Test func whatAFunctionReturnsIsChecked() throws {
        try folder.write(
            "wrong.lua",
            """
            tessera.register.amount_rule("many", function(problem) return {1, 100} end)
            tessera.register.amount_rule("few", function(problem) return {1} end)
            tessera.register.calibration_method("above", function() return 1, 2 end)
            tessera.register.calibration_method("huge", function() return -3e38, 3e38 end)
            """)
        let modules = try modules().loading(plugins: [folder.path + "/wrong.lua"])
        let problem = AmountProblem(
            curves: [SaliencyCurve(group: "a", values: [1, 2]), SaliencyCurve(group: "b", values: [1, 2, 3])],
            operations: { _ in 1 }, latency: { _ in 1 })
        let many = #expect(throws: TesseraError.self) { try modules.pruningAmounts.make("many").counts(for: problem) }
        #expect("\(try #require(many))".contains("expected 0 to 3 channels of group 'b', got 100"))
        let few = #expect(throws: TesseraError.self) { try modules.pruningAmounts.make("few").counts(for: problem) }
        #expect("\(try #require(few))".contains("expected a count for each of 2 groups, got 1"))
        let above = #expect(throws: TesseraError.self) {
            try modules.calibrators.make("above").range(of: ActivationHistogram(), bits: 8)
        }
        #expect(
            "\(try #require(above))".contains("expected a finite range from at most 0 to at least 0, got 1.0 to 2.0"))
        let huge = #expect(throws: TesseraError.self) {
            try modules.calibrators.make("huge").range(of: ActivationHistogram(), bits: 8)
        }
        #expect("\(try #require(huge))".contains("expected a finite range"))
        let option = #expect(throws: TesseraError.self) {
            try modules.pruningAmounts.make(
                "part", YAMLReader.parse("{prt: 1}", file: "test"))
        }
        #expect("\(try #require(option))".contains("'part' has no option 'prt', did you mean 'part'?"))
    }

    private func taps() throws -> Registry<any WeightLayout> {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        return try modules().loading(plugins: [root + "/scripts/plugins/taps.lua"]).weightLayouts
    }

    @Test("By hand: a layout of a plugin puts the weights at one place of all kernels in one picture")
    func aLayoutOfAPlugin() throws {
        // Two outputs, two inputs, kernels of one row and three columns.
        let geometry = WeightGeometry([2, 2, 1, 3])
        let numbers = (0..<12).map { UInt16($0) }
        for isFilm in [false, true] {
            let options = Configuration.map([("film", isFilm.configuration)])
            let frames = try taps().make("taps", options).frames(of: geometry)
            let samples = numbers.withUnsafeBufferPointer {
                frames.samples(of: $0, frames: 0..<frames.count, rows: 0..<frames.height, bits: 8)
            }
            let (height, count) = isFilm ? (2, 3) : (6, 1)
            #expect(samples.format == FrameFormat(width: 2, height: height, count: count, bits: 8))
            #expect(samples.samples == [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])
        }
    }

    @Test("A layout of a plugin is what layouts must be", arguments: WeightLayoutConformance.Check.allCases)
    func layoutConformance(_ check: WeightLayoutConformance.Check) throws {
        try WeightLayoutConformance(taps().make("taps"), seed: 7).run(check)
    }
}
