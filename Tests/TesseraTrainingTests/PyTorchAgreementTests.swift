import Tessera
import TesseraTestSupport
import Testing

@Suite struct PyTorchAgreementTests {
    /// `scripts/python.sh training scripts/training_speed.py losses models/resnet20_cifar10.safetensors
    /// expected/resnet20_cifar10.safetensors` in the folder of real data, with PyTorch 2.15.
    private static let losses: [Double] = [
        1.903054, 1.874171, 0.095783, 0.217751, 0.027533, 0.034496, 0.003991, 0.009767, 0.002766, 0.007364, 0.002625,
        0.006514, 0.002656, 0.004864, 0.002817, 0.003631, 0.003422, 0.002821, 0.003723, 0.002344,
    ]

    @Test(
        "the losses of ResNet-20 over 20 steps are PyTorch's, with the same weights and batches",
        .enabled(if: TestFiles.data != nil))
    func residualNetwork() throws {
        let network = try Modules.builtin.loader.load(
            TestFiles.network("resnet20"), weights: .file(TestFiles.data("models/resnet20_cifar10.safetensors")))
        let session = try TrainingSession(
            network, inputs: ["image": [32, 3, 32, 32]], backend: OneDNNBackend(), options: TrainingOptions(threads: 2),
            loss: CrossEntropy(), optimizer: StochasticGradientDescent(momentum: 0.9, nesterov: true))
        let file = try SafetensorsFile(path: TestFiles.data("expected/resnet20_cifar10.safetensors"))
        let inputs = try file.tensor("input")
        let labels = try file.tensor("label").integers().map(Int.init)
        for (step, expected) in Self.losses.enumerated() {
            let part = step % 2 == 0 ? 0..<32 : 32..<64
            let batch = TrainingBatch(
                input: try inputs.cropped(to: Region(whole: inputs.shape).replacing(axis: 0, with: part)),
                target: .classes(Array(labels[part])))
            let loss = try session.step(batch, rate: 0.02).loss
            #expect(abs(loss - expected) <= 1e-3, "step \(step): \(loss), and PyTorch has \(expected)")
        }
    }
}
