import Tessera
import TesseraTestSupport
import Testing

/// Masks, schedules, and pruning in several steps.
@Suite struct PruningMaskTests {
    @Test("element masks have zeros where kernels, biases and readers are pruned, and statistics are left alone")
    func elementMasks() throws {
        let dependencies = try ChannelDependencies.of(toyNetwork())
        let mask = PruningMask(removing: [dependencies.groups[0].channels[1].id, dependencies.groups[0].channels[4].id])
        let masks = try dependencies.elementMasks(mask)
        #expect(Set(masks.keys) == ["first.weight", "bn1.weight", "bn1.bias", "second.weight"])
        #expect(try masks["bn1.bias"]?.floats() == [1, 0, 1, 1, 0, 1])
        let kernels = try #require(masks["first.weight"]).floats()
        #expect(kernels.enumerated().allSatisfy { $1 == ([1, 4].contains($0 / 18) ? 0 : 1) })
        let readers = try #require(masks["second.weight"]).floats()
        #expect(readers.enumerated().allSatisfy { $1 == ([1, 4].contains($0 / 9 % 6) ? 0 : 1) })
        #expect(dependencies.prunedChannels(mask) == ["first": [1, 4]])
        #expect(dependencies.channelCounts(mask) == [4, 5])
    }

    @Test("of every value one channel stays, the most salient, however many are to go")
    func oneStays() throws {
        let dependencies = try ChannelDependencies.of(toyNetwork())
        let curves = dependencies.groups.map { group in
            SaliencyCurve(group: group.name, values: group.channels.indices.map { $0 == 2 ? 9 : Double($0) })
        }
        let mask = PruningMask([6, 5], of: curves, in: dependencies)
        #expect(dependencies.prunedChannels(mask) == ["first": [0, 1, 3, 4, 5], "second": [0, 1, 3, 4]])
    }

    @Test("schedules reach the whole amount as their formulas say")
    func schedules() throws {
        #expect(PruningSchedule(.oneShot, steps: 5).fractions == [1])
        #expect(PruningSchedule(.iterative, steps: 4).fractions == [0.25, 0.5, 0.75, 1])
        #expect(PruningSchedule(.gradual, steps: 2).fractions == [0.875, 1])
        #expect(PruningSchedule(.gradual).fraction(at: 0) == 0 && PruningSchedule(.gradual).fraction(at: 7) == 1)
        expectError(.invalidArgument, "'steps' from 1 to 10000, found 0") {
            try PruningSchedule(configuration: YAMLReader.parse("{kind: gradual, steps: 0}", file: "s"))
        }
    }

    @Test("step by step, more goes each time, what is gone stays gone, and training cannot bring it back")
    func steps() throws {
        let dependencies = try ChannelDependencies.of(toyNetwork())
        let retrainer = RecordingRetrainer()
        var pruner = Pruner(metric: RandomSaliency(), amount: Ratio(0.7))
        (pruner.schedule, pruner.retrainer) = (PruningSchedule(.gradual, steps: 3), retrainer)
        let choice = try pruner.choose(
            in: SaliencyContext(dependencies), operations: { _ in 0 }, latency: { _ in 0 })
        #expect(choice.counts == [4, 3])
        let zeros = try retrainer.masks.map { masks in
            try ["first.weight", "second.weight"].map { try masks[$0]?.floats().filter { $0 == 0 }.count ?? 0 }
        }
        // 4 · (1 - (2/3)³) and so on, rounded, of kernels of 18 weights.
        #expect(zeros.map { $0[0] } == [3 * 18, 4 * 18, 4 * 18])
        for (earlier, later) in zip(retrainer.masks, retrainer.masks.dropFirst()) {
            for (name, mask) in earlier {
                let pairs = try zip(mask.floats(), #require(later[name]).floats())
                #expect(pairs.allSatisfy { $0 == 1 || $1 == 0 }, "\(name)")
            }
        }
        let weight = try #require(choice.weights["first.weight"]).floats()
        let mask = try #require(dependencies.elementMasks(choice.mask)["first.weight"]).floats()
        #expect(zip(weight, mask).allSatisfy { $1 == 0 ? $0 == 0 : $0 == 1 })
    }

    @Test("a network without convolutions, and one whose channels all stay, have nothing to prune")
    func nothing() throws {
        let plain = try network("inputs: {x: {shape: [1, 2, 3, 3]}}\nlayers: [relu]\noutputs: [relu1]")
        let fixed = try network(
            "inputs: {x: {shape: [1, 2, 3, 3]}}\nweights: {random: 1}\nlayers: [conv: {name: c, channels: 2, kernel: 1}]\noutputs: [c]"
        )
        for (network, message) in [
            (plain, "no convolution or linear layer"), (fixed, "'c' keeps its channels, since they are the output 'c'"),
        ] {
            expectError(.invalidArgument, "there is nothing to prune", message) {
                try Pruner(metric: L2Norm(), amount: Ratio()).choose(
                    in: SaliencyContext(.of(network)), operations: { _ in 0 }, latency: { _ in 0 })
            }
        }
    }
}

/// Sets all weights to 1, pruned ones as well, and keeps the masks it was given.
private final class RecordingRetrainer: Retrainer, @unchecked Sendable {
    // Written by one step after the other.
    private(set) var masks: [[String: Tensor]] = []

    func retrained(_ weights: [String: Tensor], masks: [String: Tensor], step: Int) throws -> [String: Tensor] {
        self.masks.append(masks)
        return try weights.mapValues { try Tensor([Float](repeating: 1, count: $0.elementCount), shape: $0.shape) }
    }
}
