import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct RangeCheckTests {
    /// x → large (times 1000) → clipped (to at most 6) → scaled by `factor`.
    private func network(factor: Float = 2) throws -> Network {
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 1, height, width]}}
            layers:
              - conv: {name: large, channels: 1, kernel: 1}
              - relu6: {name: clipped}
              - conv: {name: scaled, channels: 1, kernel: 1}
              - relu: {name: y}
            outputs: [y]
            """
        let weights = try [
            "large.weight": Tensor([1000], shape: [1, 1, 1, 1]), "large.bias": Tensor([0], shape: [1]),
            "scaled.weight": Tensor([factor], shape: [1, 1, 1, 1]), "scaled.bias": Tensor([0], shape: [1]),
        ]
        return try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml", weights: .tensors(weights))
    }

    private func check(_ network: Network, _ inputs: [Float], headroom: Double = 2) throws -> RangeCheck {
        var check = try RangeCheck(network, headroom: headroom, backend: OneDNNBackend())
        for value in inputs { try check.observe(["x": Tensor([0, -1, value, 0.5], shape: [1, 1, 2, 2])]) }
        return check
    }

    @Test("exactly the layer that overflows is named, and kept in f32")
    func overflow() throws {
        let check = try check(network(), [1, 70, 3])
        #expect(check.inferenceCount == 3 && check.inputs == ["x": 70])
        #expect(check.layers.map(\.name) == ["large", "clipped", "scaled", "y"])
        #expect(check.layers.map(\.largestActivation) == [70_000, 6, 12, 12])
        #expect(check.layers.map(\.largestWeight) == [1000, nil, 2, nil])
        #expect(check.layers(.overflow).map(\.name) == ["large"])
        #expect(check.layers(.atRisk).isEmpty)
        #expect(check.precision == PrecisionChoice(.f16, layers: ["large": .f32, "clipped": .f32]))
    }

    @Test("65504 fits; above half of it, a layer is at risk, unless no headroom is wanted")
    func headroom() throws {
        #expect(try check(network(), [65.504], headroom: 1).layers(.overflow).isEmpty)
        #expect(try check(network(), [-65.6]).layers(.overflow).map(\.name) == ["large"])
        let atRisk = try check(network(), [40])
        #expect(atRisk.layers(.overflow).isEmpty && atRisk.layers(.atRisk).map(\.name) == ["large"])
        #expect(atRisk.precision.layers == ["large": .f32, "clipped": .f32], "what reads the large value is kept, too")
        #expect(try check(network(), [40], headroom: 1).precision.layers.isEmpty)
        #expect(try check(network(), [32]).precision.layers.isEmpty)
        expectError(.invalidArgument, "headroom", "0.5") { try check(network(), [], headroom: 0.5) }
    }

    @Test("a weight that is too large is named without any activation that is")
    func weights() throws {
        let check = try check(network(factor: -7e4), [0.0001])
        #expect(check.layers(.overflow).map(\.name) == ["scaled"])
        #expect(check.layers.first { $0.name == "scaled" }?.largestWeight == 7e4)
    }

    @Test("an activation that is infinite, or no number, overflows")
    func infinite() throws {
        let infinite = try check(network(), [3e38])
        #expect(infinite.layers(.overflow).map(\.name) == ["large"])
        #expect(infinite.layers[0].largestActivation == .infinity)
    }

    @Test("a variance of 1e5 overflows as it is written, and is gone when it is folded (METHODS.md C2)")
    func variance() throws {
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 1, 2, 2]}}
            layers:
              - conv: {name: conv, channels: 1, kernel: 1}
              - batch_norm: {name: bn}
            outputs: [bn]
            """
        let one = try Tensor([1], shape: [1])
        let network = try NetworkLoader(operators: .builtin).load(
            text: text, file: "n.yaml",
            weights: .tensors([
                "conv.weight": Tensor([1], shape: [1, 1, 1, 1]), "conv.bias": one, "bn.weight": one, "bn.bias": one,
                "bn.running_mean": one, "bn.running_var": Tensor([1e5], shape: [1]),
            ]))
        let written = try check(network, [1])
        #expect(written.layers(.overflow).map(\.name) == ["bn"])
        #expect(written.layers.map(\.largestVariance) == [nil, 1e5])
        #expect(try check(network.folded(), [1]).layers(.overflow).isEmpty)
    }

    @Test("layers that do nothing and shapes that are computed are not among them")
    func shapes() throws {
        let text = """
            tessera: 1
            inputs: {x: {shape: [1, 1, 2, 2]}}
            layers:
              - identity: {name: same}
              - shape: {name: sizes}
              - cast: {name: floats, type: f32}
              - relu: {name: y, from: same}
            outputs: [y]
            """
        let network = try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
        #expect(try check(network, [1]).layers.map(\.name) == ["y"])
    }

    @Test("files of a folder are read one after the other, for the inputs that are left")
    func calibration() throws {
        let folder = try TemporaryFolder()
        for (index, value) in [2, 70].enumerated() {
            try NpyFile.write(
                Tensor([Float](repeating: Float(value), count: 6), shape: [1, 1, 2, 3]), to: folder.file("\(index).npy")
            )
        }
        try folder.write("nothing", to: "README.md")
        let network = try network()
        let files = try InputFolder(network, folder: folder.path)
        #expect(files.paths.map { URL(fileURLWithPath: $0).lastPathComponent } == ["0.npy", "1.npy"])
        var values: [Float] = []
        try files.forEach { values.append(try #require($0["x"]).floats()[0]) }
        #expect(values == [2, 70])
        try folder.write("no picture", to: "2.png")
        expectError(nil, "2.png") { try InputFolder(network, folder: folder.path).forEach { _ in } }
        expectError(.inputOutput, "nowhere") { try InputFolder(network, folder: folder.file("nowhere")) }
        expectError(.invalidArgument, "expected files named .png", "found 1") {
            let other = try TemporaryFolder()
            try other.write("nothing", to: "README.md")
            return try InputFolder(network, folder: other.path)
        }
    }
}
