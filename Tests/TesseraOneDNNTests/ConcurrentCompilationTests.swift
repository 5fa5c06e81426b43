import Tessera
import TesseraTestSupport
import Testing

@Suite struct ConcurrentCompilationTests {
    /// Convolutions of odd numbers of channels, whose kernels fill up their blocks, in turn in two precisions.
    @Test("kernels of several precisions that several threads compile at once compute what the reference does")
    func precisions() async throws {
        let seed = propertySeeds(1)[0]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var generator = SeededGenerator(seed: seed &+ UInt64(task))
                    for round in 0..<150 {
                        // Shapes differ from one to the next, or oneDNN would give what it made before.
                        let width = 3 + task * 150 + round
                        var graph = Graph()
                        let x = try graph.addInput("x", shape: SymbolicShape([1, 3, 3, width]))
                        var conv = Conv()
                        (conv.channels, conv.kernel, conv.padding) = (5, [3], .same)
                        try graph.addOutput("y", graph.addNode("conv", conv, inputs: [x]))
                        let weights = try Tensor.random([5, 3, 3, 3], using: &generator)
                        let bias = try Tensor.random([5], using: &generator)
                        let bound = try BoundGraph(graph, inputs: [:]) { $1.name == "weight" ? weights : bias }
                        let inputs = ["x": try Tensor.random([1, 3, 3, width], using: &generator)]
                        let precision = (task + round) % 2 == 0 ? Precision.bf16 : .f32
                        let options = CompileOptions(threads: 1, precision: PrecisionChoice(precision))
                        let expected = try Session(bound, backend: ReferenceBackend(), options: options).run(inputs)
                        let found = try Session(bound, backend: OneDNNBackend(), options: options).run(inputs)
                        let difference = try relativeDifference(found["y"], try #require(expected["y"]))
                        #expect(
                            difference < (precision == .f32 ? 1e-5 : 0.02),
                            "TESSERA_SEED=\(seed), task \(task), round \(round), \(precision)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
