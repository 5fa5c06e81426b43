import Tessera
import TesseraTestSupport
import Testing

/// Trained ResNets with option-A shortcuts.
@Suite(.enabled(if: TestFiles.data != nil, "TESSERA_TEST_DATA is not set")) struct RealNetworkTests {
    @Test("pruned ResNets give the same logits masked and compacted, within 1e-5", arguments: ["resnet20", "resnet56"])
    func resnet(name: String) throws {
        let expected = try SafetensorsFile(path: TestFiles.data("expected/\(name)_cifar10.safetensors"))
        let input = try ["image": expected.tensor("input").cropped(to: Region([0..<8, 0..<3, 0..<32, 0..<32]))]
        let network = try NetworkLoader(operators: .builtin).load(
            TestFiles.network(name), weights: .file(TestFiles.data("models/\(name)_cifarjpeg.safetensors")))
        let shapes = input.mapValues(\.shape)
        let dependencies = try ChannelDependencies(network.bound(inputs: shapes))
        // Nothing but the logits keeps its channels: shortcuts are followed.
        #expect(dependencies.fixed.map(\.layer) == ["linear"])
        let blocks = name == "resnet20" ? 9 : 27
        // One group for the inside of each block, and three for the shortcuts: channels that begin in each stage.
        #expect(dependencies.groups.count == blocks + 3)
        #expect(dependencies.groups.map { $0.channels.count }.reduce(0, +) == blocks / 3 * (16 + 32 + 64) + 64)

        let context = SaliencyContext(dependencies)
        let curves = try L2Norm().curves(in: context)
        let problem = AmountProblem(curves: curves, operations: { _ in 0 }, latency: { _ in 0 })
        let mask = PruningMask(GlobalRatio(0.35).counts(for: problem), of: curves, in: dependencies)
        let masked = try network.rebuilt(dependencies, weights: dependencies.masked(dependencies.weights, mask))
        let compacted = try network.compacted(mask, dependencies)
        func run(_ network: Network) throws -> Tensor {
            let session = try network.session(inputs: shapes, backend: OneDNNBackend(), fold: false)
            return try #require(session.run(input)["logits"])
        }
        let difference = try relativeDifference(run(compacted), run(masked))
        #expect(difference <= 1e-5, "\(difference)")
        let macs = try [network, compacted].map { try $0.bound(inputs: shapes).multiplyAccumulates.reduce(0, +) }
        #expect(macs[1] < macs[0])
    }
}
