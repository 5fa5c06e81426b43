import Tessera
import TesseraTestSupport
import Testing

/// METHODS.md A5: a partitioned run gives the answer that one device gives.
@Suite struct TileEqualityTests {
    @Test("random networks, cut anywhere into any tiles, equal the whole to the bit")
    func anyPlanEqualsTheWhole() throws {
        for seed in propertySeeds(400) {
            var generator = SeededGenerator(seed: seed)
            let graph = try RandomNetwork.make(using: &generator)
            do {
                guard let plan = try Plan.random(graph, using: &generator) else { continue }
                let inputs = try graph.randomInputs(using: &generator)
                let options = CompileOptions(threads: Int.random(in: 1...2, using: &generator))
                let whole = try Session(graph, backend: OneDNNBackend(), options: options).run(inputs)
                let stitched = try plan.run(inputs, backend: OneDNNBackend(), options: options)
                for (name, expected) in whole where stitched[name] != expected {
                    Issue.record("TESSERA_SEED=\(seed): '\(name)' differs\n\(graph.listing)\n\(plan)")
                }
            } catch {
                Issue.record("TESSERA_SEED=\(seed): \(error)\n\(graph.listing)")
            }
        }
    }
}
