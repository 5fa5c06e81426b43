import Tessera
import TesseraCore
import TesseraOneDNN
import TesseraOperators
import TesseraRuntime
import TesseraTestSupport
import Testing

/// Whole networks: layouts, shared buffers and in-place results may not show in what comes out.
@Suite struct NetworkAgreementTests {
    @Test("random networks with residuals, concatenations and several outputs agree with the reference")
    func agreesWithReference() throws {
        for seed in propertySeeds(120) {
            var generator = SeededGenerator(seed: seed)
            let graph = try RandomNetwork.make(
                layers: 3...14, largestValue: 3000, extraOutputs: true, using: &generator)
            do {
                let inputs = try graph.randomInputs(using: &generator)
                let expected = try Session(graph, backend: ReferenceBackend()).run(inputs)
                let session = try Session(graph, backend: OneDNNBackend())
                let found = try session.run(inputs)
                #expect(found.keys.sorted() == expected.keys.sorted(), "TESSERA_SEED=\(seed)")
                for (name, tensor) in expected {
                    let difference = try relativeDifference(found[name], tensor)
                    if !(difference < 1e-4) {
                        Issue.record("TESSERA_SEED=\(seed): '\(name)' differs by \(difference)\n\(graph.listing)")
                    }
                }
                let two = try Session(graph, backend: OneDNNBackend(), options: CompileOptions(threads: 2))
                if try session.run(inputs) != found { Issue.record("TESSERA_SEED=\(seed): the second run differs") }
                if try two.run(inputs) != found {
                    Issue.record("TESSERA_SEED=\(seed): two threads differ\n\(graph.listing)")
                }
            } catch {
                Issue.record("TESSERA_SEED=\(seed): \(error)\n\(graph.listing)")
            }
        }
    }

    @Test(
        "what oneDNN refuses, or what would take it far more memory than the map, is left to the reference",
        arguments: [
            "conv: {channels: 1, kernel: 1, stride: 70000000}", "max_pool: {kernel: 3, stride: 2147483648}",
            "conv: {channels: 2, kernel: 3, dilation: 30000, padding: 30000}",
        ])
    func refusals(layer: String) throws {
        let text =
            "{tessera: 1, inputs: {x: {shape: [1, 3, 8, 8]}}, weights: {random: 1}, layers: [{\(layer)}], outputs: "
        let name = String(layer.prefix { $0 != ":" })
        let bound = try Modules.builtin.loader.load(text: text + "[\(name)1]}", file: "n.yaml").bound()
        var generator = SeededGenerator(seed: 3)
        let inputs = try bound.randomInputs(using: &generator)
        let session = try Session(bound, backend: OneDNNBackend())
        #expect(session.kernels.map(\.implementation) == ["reference:\(name)"])
        #expect(try session.run(inputs) == Session(bound, backend: ReferenceBackend()).run(inputs))
    }

    @Test("a value that two layers read is not overwritten by the first of them, nor an output by a later layer")
    func inPlaceSafety() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 16, 5, 5])))
        let first = try graph.addNode("first", Relu(), inputs: [x])
        let second = try graph.addNode("second", LeakyRelu(), inputs: [x])
        let third = try graph.addNode("third", Relu(), inputs: [second])
        let flat = try graph.addNode("flat", Flatten(), inputs: [second])
        let cut = try graph.addNode("cut", Relu(), inputs: [flat])
        let sum = try graph.addNode("sum", Add(), inputs: [first, first])
        for (name, value) in [
            ("x", x), ("first", first), ("second", second), ("third", third), ("cut", cut), ("sum", sum),
        ] {
            try graph.addOutput(name, value)
        }
        try expectExactly(BoundGraph(graph, inputs: [:]) { _, _ in nil })
    }

    @Test("views of one buffer (flatten, a slice of everything) do not lose it to a layer that works in place")
    func aliases() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape(Shape([1, 16, 3, 3])))
        let base = try graph.addNode("base", LeakyRelu(), inputs: [x])
        let view = try graph.addNode("view", Slice(axes: [2], starts: [0]), inputs: [base])
        let changed = try graph.addNode("changed", Relu(), inputs: [view])
        let again = try graph.addNode("again", Slice(axes: [3]), inputs: [base])
        let both = try graph.addNode("both", Subtract(), inputs: [changed, again])
        try graph.addOutput("both", both)
        try expectExactly(BoundGraph(graph, inputs: [:]) { _, _ in nil })
    }

    @Test("one session run from several tasks at once gives each its own answer")
    func concurrentRuns() async throws {
        var generator = SeededGenerator(seed: 5)
        let graph = try RandomNetwork.make(layers: 10...10, using: &generator)
        let session = try Session(graph, backend: OneDNNBackend(), options: CompileOptions(threads: 2))
        let inputs = try (0..<4).map { _ in try graph.randomInputs(using: &generator) }
        let alone = try inputs.map { try session.run($0) }
        let together = try await withThrowingTaskGroup(of: (Int, [String: Tensor]).self) { group in
            for task in 0..<24 { group.addTask { (task % 4, try session.run(inputs[task % 4])) } }
            var results: [(Int, [String: Tensor])] = []
            for try await result in group { results.append(result) }
            return results
        }
        #expect(together.count == 24)
        #expect(together.allSatisfy { $1 == alone[$0] })
    }

    /// Activations, sums and moves are exact, so the kernels must give the reference's bits.
    private func expectExactly(_ graph: BoundGraph) throws {
        var generator = SeededGenerator(seed: 1)
        let inputs = try graph.randomInputs(using: &generator)
        let expected = try Session(graph, backend: ReferenceBackend()).run(inputs)
        let found = try Session(graph, backend: OneDNNBackend()).run(inputs)
        for (name, tensor) in expected { #expect((found[name] == tensor) as Bool, "'\(name)' differs") }
    }
}
