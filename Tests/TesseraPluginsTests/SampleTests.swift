import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// The samples of `Plugins/Examples`, built as an outsider does.
@Suite struct SampleTests {
    private static let network = """
        tessera: 1
        inputs: {x: {shape: [1, 2, 12, 12]}}
        weights: {random: 5}
        layers:
          - conv: {name: a, channels: 6, kernel: 3, padding: same}
          - relu
          - conv: {name: b, channels: 4, kernel: 3, padding: same}
          - relu
          - conv: {name: c, channels: 2, kernel: 1}
        outputs: [c]
        """

    @Test("a metric in C gives the values of the built-in metrics that it generalizes")
    func metric() throws {
        let modules = try Modules.builtin.loading(plugins: [SampleLibrary.example("lp-norm")])
        let network = try modules.loader.load(text: Self.network, file: "network.yaml")
        let context = SaliencyContext(try ChannelDependencies(network.bound(inputs: [:])))
        for (p, name) in [(1, "l1"), (2, "l2")] {
            let options = Configuration.map([("p", p.configuration)])
            let values = try modules.saliencyMetrics.make("lp-norm", options).saliencies(in: context)
            let expected = try modules.saliencyMetrics.make(name).saliencies(in: context)
            #expect(values.map(\.count) == [6, 4])
            for (value, other) in zip(values.joined(), expected.joined()) {
                let difference: Double = abs(value - other)
                #expect(difference <= 1e-12 * abs(other))
            }
        }
        expectError(.invalidArgument, "expected 'p' of at least 1, found 0.5") {
            try modules.saliencyMetrics.make("lp-norm", .map([("p", 0.5.configuration)]))
        }
        expectError(.invalidArgument, "unknown key 'q'") {
            try modules.saliencyMetrics.make("lp-norm", .map([("q", 1.configuration)]))
        }
        expectError(.invalidArgument, "expected a number, found 'two'") {
            try modules.saliencyMetrics.make("lp-norm", .map([("p", "two".configuration)]))
        }
    }

    @Test("an operator in C computes its formula, by itself and in a network that is cut")
    func sharpen() throws {
        let modules = try Modules.builtin.loading(plugins: [SampleLibrary.example("sharpen")])
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 2, 7, 5]}}
            weights: {random: 3}
            layers:
              - sharpen: {name: s, radius: 2, amount: 0.25}
            outputs: [s]
            """
        let graph = try modules.loader.load(text: text, file: "sharpen.yaml").bound(inputs: [:])
        #expect(graph.multiplyAccumulates == [25 * 2 * 7 * 5])
        var generator = SeededGenerator(seed: 4)
        let x = try Tensor.random([1, 2, 7, 5], using: &generator)
        let gain = try #require(graph.parameters[0]["gain"]).floats()
        let result = try #require(try Session(graph, backend: OneDNNBackend()).run(["x": x])["s"]).floats()
        let pixels = try x.floats()
        for (channel, (row, column)) in (0..<2).flatMap({ c in (0..<7).flatMap { y in (0..<5).map { (c, (y, $0)) } } })
        {
            let rows = max(0, row - 2)...min(6, row + 2)
            let columns = max(0, column - 2)...min(4, column + 2)
            let window = rows.flatMap { y in columns.map { Double(pixels[(channel * 7 + y) * 5 + $0]) } }
            let mean = window.reduce(0, +) / Double(window.count)
            let pixel = Double(pixels[(channel * 7 + row) * 5 + column])
            let expected = Double(gain[channel]) * (pixel + 0.25 * (pixel - mean))
            let difference: Double = abs(Double(result[(channel * 7 + row) * 5 + column]) - expected)
            #expect(difference < 1e-5)
        }
        let strategy = try modules.strategies.make("fused-grid")
        let plan = try Plan(graph, nodes: 4, strategy: strategy, named: "fused-grid")
        let stitched = try plan.run(["x": x], backend: OneDNNBackend())
        #expect(try stitched["s"]?.floats() == result)
    }

    @Test("strategies in C and Swift cut the rows where their formula says, and agree")
    func strips() throws {
        let modules = try Modules.builtin.loading(plugins: [
            SampleLibrary.example("height-strips"), SampleLibrary.example("height-strips-c"),
        ])
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 3, 22, 10]}}
            weights: {random: 1}
            layers:
              - conv: {name: a, channels: 4, kernel: 3, padding: 1}
              - max_pool: {name: p, kernel: 2}
              - conv: {name: b, channels: 4, kernel: 3, padding: 1}
            outputs: [b]
            """
        let graph = try modules.loader.load(text: text, file: "strips.yaml").bound(inputs: [:])
        for name in ["height-strips", "height-strips-c"] {
            let plan = try Plan(graph, nodes: 3, strategy: modules.strategies.make(name), named: name)
            #expect(plan.stages.map { graph.graph.values[$0.output].name } == ["p", "b"])
            for stage in plan.stages {
                #expect(stage.tiles.map(\.region.ranges[2]) == [0..<3, 3..<7, 7..<11])
                #expect(stage.tiles.map(\.node) == [0, 1, 2])
            }
            let whole = Configuration.map([("cut_after", [String]().configuration)])
            let uncut = try Plan(graph, nodes: 3, strategy: modules.strategies.make(name, whole), named: name)
            #expect(uncut.stages.count == 1)
        }
    }

    @Test(
        "every sample keeps the promises of its kind",
        arguments: ["lp-norm", "sharpen", "height-strips", "height-strips-c", "unix-sockets", "template"])
    func conformance(_ sample: String) async throws {
        let modules = try Modules.builtin.loading(plugins: [SampleLibrary.example(sample)])
        let known = Set(Modules.builtin.checkable)
        let added = modules.checkable.filter { !known.contains($0) }
        #expect(added.count == 1)
        for id in added {
            for check in try modules.checks(of: id) {
                do { try await check.run() } catch { Issue.record("\(sample): \(check.promise): \(error)") }
            }
        }
    }
}
