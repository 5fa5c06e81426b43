import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Published networks with their trained weights, against the outputs of the runtimes they come from.
@Suite(.enabled(if: TestFiles.data != nil, "TESSERA_TEST_DATA is not set")) struct RealDataTests {
    @Test("DnCNN denoises a picture as PyTorch does, within 1e-4")
    func dncnn() throws {
        let expected = try SafetensorsFile(path: TestFiles.data("expected/dncnn_sigma25_bn.safetensors"))
        let output = try Self.run("dncnn", "dncnn_sigma25_bn", ["image": expected.tensor("noisy")])["denoised"]
        #expect(try Self.largestDifference(output, expected.tensor("denoised")) <= 1e-4)
    }

    @Test("folded, DnCNN has no batch normalization left and denoises as PyTorch does, within 1e-4")
    func foldedDnCNN() throws {
        let expected = try SafetensorsFile(path: TestFiles.data("expected/dncnn_sigma25_bn.safetensors"))
        let network = try NetworkLoader(operators: .builtin).load(
            TestFiles.network("dncnn"), weights: .file(TestFiles.data("models/dncnn_sigma25_bn.safetensors")))
        let folded = try network.folded()
        #expect(folded.foldedLayers.map(\.merged) == (1...15).map { ["bn\($0)"] })
        #expect(!folded.graph.nodes.contains { $0.op is BatchNorm })
        let input = try ["image": expected.tensor("noisy")]
        let session = try network.session(
            inputs: input.mapValues(\.shape), backend: OneDNNBackend(), options: CompileOptions(threads: 2))
        #expect(session.whole?.graph.graph.nodes.count == 34)
        let output = try session.run(input)["denoised"]
        #expect(try Self.largestDifference(output, expected.tensor("denoised")) <= 1e-4)
    }

    @Test("folded ResNets classify as PyTorch does, within 1e-3", arguments: ["resnet20", "resnet56"])
    func foldedResNet(_ name: String) throws {
        let expected = try SafetensorsFile(path: TestFiles.data("expected/\(name)_cifar10.safetensors"))
        let network = try NetworkLoader(operators: .builtin).load(
            TestFiles.network(name), weights: .file(TestFiles.data("models/\(name)_cifar10.safetensors")))
        #expect(!(try network.folded().graph.nodes.contains { $0.op is BatchNorm }))
        let input = try ["image": expected.tensor("input")]
        let session = try network.session(
            inputs: input.mapValues(\.shape), backend: OneDNNBackend(), options: CompileOptions(threads: 2))
        let output = try session.run(input)["logits"]
        #expect(try Self.largestDifference(output, expected.tensor("logits")) <= 1e-3)
    }

    @Test("ResNets classify as PyTorch does, within 1e-3", arguments: ["resnet20", "resnet56"])
    func resnet(_ name: String) throws {
        let expected = try SafetensorsFile(path: TestFiles.data("expected/\(name)_cifar10.safetensors"))
        let output = try Self.run(name, "\(name)_cifar10", ["image": expected.tensor("input")])["logits"]
        #expect(try Self.largestDifference(output, expected.tensor("logits")) <= 1e-3)
    }

    @Test("DnCNN on Set12 at sigma 25: mean PSNR 30.4 to 30.5 dB (the paper's 30.43)")
    func set12() throws {
        var generator = SeededGenerator(seed: 25)
        var sum = 0.0
        for index in 1...12 {
            let picture = try Picture(path: TestFiles.data(String(format: "images/set12/%02d.png", index)))
            var noisy = try InputDeclaration.grey.tensor(of: picture)
            let clean = try noisy.floats()
            try noisy.withMutableFloats { pixels in
                for i in pixels.indices { pixels[i] += 25 / 255 * Float(gaussian(using: &generator)) }
            }
            let denoised = try Self.run("dncnn", "dncnn_sigma25_bn", ["image": noisy])["denoised"]
            let error = zip(clean, try #require(denoised).floats()).reduce(0.0) {
                // As the paper does: what a picture of 8 bits can hold.
                let shown = (min(max($1.1, 0), 1) * 255).rounded() / 255
                return $0 + pow(Double($1.0 - shown), 2)
            }
            sum += 10 * log10(Double(clean.count) / error)
        }
        let mean = sum / 12
        #expect((30.4...30.5).contains(mean), "mean PSNR \(mean) dB")
    }

    private static func run(_ name: String, _ weights: String, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
        let network = try NetworkLoader(operators: .builtin)
            .load(TestFiles.network(name), weights: .file(TestFiles.data("models/\(weights).safetensors")))
        let session = try Session(
            network.bound(inputs: inputs.mapValues(\.shape)), backend: OneDNNBackend(),
            options: CompileOptions(threads: 2))
        return try session.run(inputs)
    }

    private static func largestDifference(_ a: Tensor?, _ b: Tensor) throws -> Float {
        let values = try #require(a).floats()
        #expect(a?.shape == b.shape)
        return zip(values, try b.floats()).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    /// A normally distributed number (Box and Muller).
    private func gaussian(using generator: inout SeededGenerator) -> Double {
        let radius = (-2 * log(Double.random(in: Double.leastNormalMagnitude..<1, using: &generator))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &generator))
    }
}

extension InputDeclaration {
    fileprivate static var grey: InputDeclaration {
        var declaration = InputDeclaration()
        declaration.shape = SymbolicShape([.fixed(1), .fixed(1), .symbol("height"), .symbol("width")])
        return declaration
    }
}
