import CAllocationCounter
import Tessera
import TesseraTestSupport
import Testing

@Suite struct AllocationTests {
    @Test("after the first, an inference allocates nothing in Swift", arguments: Precision.allCases)
    func steadyState(_ precision: Precision) throws {
        let network = try NetworkLoader(operators: .builtin).load(
            TestFiles.network("resnet20"), weights: .random(seed: 3))
        let session = try network.session(
            inputs: ["image": [1, 3, 32, 32]], backend: OneDNNBackend(),
            options: CompileOptions(precision: PrecisionChoice(precision)))
        let whole = try #require(session.whole)
        var generator = SeededGenerator(seed: 4)
        var request = try whole.request(["image": .random([1, 3, 32, 32], using: &generator)])
        try request.run()
        allocation_counter_start()
        try request.run()
        #expect(allocation_counter_stop() == 0)
        let others = ["image": try Tensor.random([1, 3, 32, 32], using: &generator)]
        try request.setInputs(others)
        try request.run()
        #expect((try request.outputs == whole.run(others)) as Bool, "other inputs give their own outputs")
        // The counter counts at all.
        allocation_counter_start()
        _ = try whole.run(["image": .random([1, 3, 32, 32], using: &generator)])
        #expect(allocation_counter_stop() > 0)
    }
}
