import Tessera
import TesseraTestSupport
import Testing

/// A network with zeros where channels are pruned, and the one without them, are the same function (METHODS.md D8, D9, D11).
@Suite struct CompactionPropertyTests {
    @Test("masked and compacted random networks give equal outputs", arguments: propertySeeds(100))
    func blocks(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let network = try PrunableNetwork.make(using: &generator)
        let listing = try network.bound().listing
        do {
            try Self.check(network, "seed \(seed): \(listing)", using: &generator)
        } catch {
            Issue.record("seed \(seed): \(error)\n\(listing)")
        }
    }

    @Test("most random networks have channels that depend on each other in several layers, and lose some")
    func theseNetworksAreWorthPruning() throws {
        var (grouped, pruned) = (0, 0)
        for seed in propertySeeds(40) {
            var generator = SeededGenerator(seed: seed)
            let dependencies = try ChannelDependencies(PrunableNetwork.make(using: &generator).bound())
            if dependencies.groups.contains(where: { $0.layers.count > 1 }) { grouped += 1 }
            if !dependencies.groups.isEmpty { pruned += 1 }
        }
        #expect(grouped >= 20 && pruned >= 36, "\(grouped) and \(pruned) of 40")
    }

    @Test("so do networks of any layers that the library has", arguments: propertySeeds(60))
    func anyLayers(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let bound = try RandomNetwork.make(layers: 4...14, largestValue: 4000, head: true, using: &generator)
        var weights: [String: Tensor] = [:]
        for (node, parameters) in zip(bound.graph.nodes, bound.parameters) {
            for (name, tensor) in parameters { weights["\(node.name).\(name)"] = tensor }
        }
        let network = Network(name: "random", graph: bound.graph, inputs: [:], weights: .tensors(weights))
        do {
            try Self.check(network, "seed \(seed): \(bound.listing)", using: &generator)
        } catch {
            Issue.record("seed \(seed): \(error)\n\(bound.listing)")
        }
    }

    /// Prunes channels at random, as few or as many as there are, and compares.
    private static func check(_ network: Network, _ listing: String, using generator: inout SeededGenerator) throws {
        let dependencies = try ChannelDependencies(network.bound())
        let curves = dependencies.groups.map { group in
            SaliencyCurve(
                group: group.name, values: group.channels.map { _ in Double.random(in: 0...1, using: &generator) })
        }
        let counts = curves.map { Int.random(in: 0...$0.values.count, using: &generator) }
        let mask = PruningMask(counts, of: curves, in: dependencies)
        let weights = try dependencies.masked(dependencies.weights, mask)
        let masked = try network.rebuilt(dependencies, weights: weights)
        let compacted = try network.compacted(mask, dependencies, weights: weights)
        let inputs = try network.bound().randomInputs(using: &generator)
        let (expected, found) = (try run(masked, inputs), try run(compacted, inputs))
        #expect(!expected.isEmpty)
        for (name, tensor) in expected {
            let difference = try relativeDifference(found[name], tensor)
            #expect(
                difference <= 1e-5, "\(name) differs by \(difference), without \(mask.removed.sorted()): \(listing)")
        }
        // What is left is exactly what the mask leaves.
        let before = try network.bound().parameterCounts.reduce(0, +)
        let after = try compacted.bound().parameterCounts.reduce(0, +)
        #expect(mask.removed.isEmpty ? after == before : after < before, "\(listing)")
        #expect(dependencies.channelCounts(mask).allSatisfy { $0 >= 1 })
    }

    private static func run(_ network: Network, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
        try network.session(backend: ReferenceBackend(), fold: false).run(inputs)
    }
}
