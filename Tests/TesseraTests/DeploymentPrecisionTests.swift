import Tessera
import TesseraTestSupport
import Testing

/// The precision that a deployment is given reaches every node.
@Suite struct DeploymentPrecisionTests {
    @Test(
        "tiles in another precision, single layers among them, equal the whole in it to the bit",
        arguments: [
            PrecisionChoice(.bf16), PrecisionChoice(.f16),
            PrecisionChoice(.f32, layers: ["conv1": .bf16, "sum": .f16]),
            PrecisionChoice(.bf16, layers: ["conv1": .f32, "sum": .f32]),
        ], ["vertical", "fused-grid"])
    func equality(_ precision: PrecisionChoice, _ strategy: String) async throws {
        let network = try NetworkLoader(operators: .builtin).load(
            text: """
                tessera: 1
                inputs: {image: {shape: [1, 2, 13, 11]}}
                weights: {random: 3}
                layers:
                  - conv: {name: conv1, channels: 4, kernel: 3, padding: same}
                  - relu: {name: relu1}
                  - conv: {name: conv2, channels: 2, kernel: 3, padding: same}
                  - add: {name: sum, from: [conv2, image]}
                  - flatten
                  - linear: {name: y, features: 3}
                outputs: [y]
                """, file: "mixed.yaml")
        let graph = try network.bound()
        var generator = SeededGenerator(seed: 11)
        let inputs = ["image": try Tensor.random([1, 2, 13, 11], using: &generator)]
        func single(_ precision: PrecisionChoice) throws -> [String: Tensor] {
            try Session(graph, backend: ReferenceBackend(), options: CompileOptions(precision: precision)).run(inputs)
        }
        // The nodes' own backend is the one that deployments use.
        var modules = Modules.builtin
        modules.backends = Registry(
            kind: "kernel backend", [Module(name: Modules.defaultBackend, summary: "") { _ in ReferenceBackend() }])
        let deployment = try await Deployment.start(
            graph, partition: PartitionChoice(strategy: strategy), transport: nil, members: .local(3),
            precision: precision, modules: modules)
        let (outputs, _) = try await deployment.run(inputs)
        await deployment.close()
        #expect((outputs == (try single(precision))) as Bool)
        #expect((outputs != (try single(PrecisionChoice()))) as Bool, "it makes a difference at all")
    }

    @Test("a precision for a layer that is not there is refused before any node is started")
    func unknownLayer() async throws {
        let (graph, _) = try DeploymentTests.load("dncnn", [1, 1, 8, 8])
        let error = await #expect(throws: TesseraError.self) {
            try await Deployment.start(
                graph, partition: PartitionChoice(), transport: nil, members: .local(2),
                precision: PrecisionChoice(.f32, layers: ["conv00": .bf16]))
        }
        #expect(
            error?.message.contains("'conv00', which is no layer, did you mean 'conv0'?") == true, "\(error as Any)")
    }
}
