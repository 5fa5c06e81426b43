import Tessera
import TesseraTestSupport
import Testing

/// What every strategy must keep to.
@Suite struct StrategyTests {
    @Test("random networks, cut by every strategy with any options, equal the whole to the bit, and plans add up")
    func strategiesEqualTheWhole() throws {
        let names = Registry<any PartitionStrategy>.builtin.names
        for seed in propertySeeds(120) {
            var generator = SeededGenerator(seed: seed)
            let graph = try RandomNetwork.make(head: seed % 3 == 0, extraOutputs: seed % 4 == 0, using: &generator)
            let span = try Span(graph)
            guard !span.allCutPoints.isEmpty else { continue }
            let inputs = try graph.randomInputs(using: &generator)
            let options = CompileOptions(threads: Int.random(in: 1...2, using: &generator))
            let whole = try Session(graph, backend: OneDNNBackend(), options: options).run(inputs)
            for name in names {
                let nodes = Int.random(in: 1...6, using: &generator)
                guard let random = RandomStrategy(name, for: span, nodes: nodes, using: &generator) else { continue }
                do {
                    let plan = try Plan(graph, nodes: nodes, strategy: random.strategy, named: name)
                    if let problem = try plan.accountingProblem() ?? plan.transferProblem() {
                        Issue.record("TESSERA_SEED=\(seed): \(name): \(problem)\n\(graph.listing)\n\(plan)")
                    }
                    let stitched = try plan.run(inputs, backend: OneDNNBackend(), options: options)
                    for (output, expected) in whole where stitched[output] != expected {
                        Issue.record("TESSERA_SEED=\(seed): \(name): '\(output)' differs\n\(graph.listing)\n\(plan)")
                    }
                } catch {
                    Issue.record("TESSERA_SEED=\(seed): \(name), \(nodes) nodes: \(error)\n\(graph.listing)")
                }
            }
        }
    }

    @Test("every strategy is drawn with random options, so none is left out above")
    func everyStrategyIsDrawn() throws {
        let span = try Span(NetworkSketch.vgg16())
        var generator = SeededGenerator(seed: 1)
        for name in Registry<any PartitionStrategy>.builtin.names {
            #expect(RandomStrategy(name, for: span, nodes: 2, using: &generator) != nil, "\(name)")
        }
    }

    @Test("a node that is alone makes everything once, by every strategy that has no grid to fill")
    func oneNode() throws {
        let graph = try NetworkSketch.vgg16()
        for name in Registry<any PartitionStrategy>.builtin.names {
            let plan = try PartitionChoice(strategy: name).plan(graph, nodes: 1, strategies: .builtin)
            #expect(plan.redundancy == 1, "\(name)")
            #expect(plan.speedupBound == 1, "\(name)")
            #expect(plan.stages.allSatisfy { $0.tiles.count == 1 }, "\(name)")
        }
    }
}
