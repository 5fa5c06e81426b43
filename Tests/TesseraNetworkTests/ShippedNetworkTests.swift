import Foundation
import Tessera
import Testing

@testable import TesseraNetwork

/// The folder of real models, if there is one.
private let testData = ProcessInfo.processInfo.environment["TESSERA_TEST_DATA"]

/// The networks in configs/networks.
@Suite struct ShippedNetworkTests {
    private func load(_ name: String, weights: WeightSource? = nil) throws -> Network {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = root.appendingPathComponent("configs/networks/\(name).yaml").path
        return try NetworkLoader(operators: .builtin).load(path, weights: weights)
    }

    @Test func dncnnKeepsTheSizeOfItsPicture() throws {
        let bound = try load("dncnn").bound(inputs: ["image": [1, 1, 37, 50]])
        #expect(bound.shapes[bound.graph.outputs[0].value] == [1, 1, 37, 50])
        #expect(bound.graph.nodes.count == 17 + 15 + 16 + 1)
    }

    /// The cost that the literature on pruning gives: 40.55 M multiply-accumulates for ResNet-20, 125.49 M for ResNet-56.
    @Test(arguments: [("resnet20", 40_551_040), ("resnet56", 125_485_696)])
    func resnetHasThePublishedCost(name: String, cost: Int) throws {
        let network = try load(name)
        let bound = try network.bound(inputs: ["image": [64, 3, 32, 32]])
        #expect(bound.graph.outputs.map(\.name) == ["logits"])
        #expect(bound.shapes[bound.graph.outputs[0].value] == [64, 10])
        let single = try network.bound(inputs: ["image": [1, 3, 32, 32]])
        #expect(single.multiplyAccumulates.reduce(0, +) == cost)
    }

    @Test(
        .enabled(if: testData != nil, "TESSERA_TEST_DATA names no folder of real models"),
        arguments: [("dncnn", "dncnn_sigma25_bn"), ("resnet20", "resnet20_cifar10"), ("resnet56", "resnet56_cifar10")])
    func trainedWeightsFit(name: String, weights: String) throws {
        let path = "\(testData ?? "")/models/\(weights).safetensors"
        let network = try load(name, weights: .file(path))
        let bound = try network.bound(
            inputs: ["image": name == "dncnn" ? [1, 1, 32, 32] : [1, 3, 32, 32]])
        let file = try SafetensorsFile(path: path)
        let used = zip(bound.graph.nodes, bound.parameters).flatMap { node, tensors in
            tensors.keys.map { "\(node.name).\($0)" }
        }
        let unused = Set(file.names).subtracting(used).filter { !$0.hasSuffix("num_batches_tracked") }
        #expect(unused == [])
        #expect(
            try zip(bound.graph.nodes, bound.parameters).allSatisfy { node, tensors in
                try tensors.allSatisfy { try file.tensor("\(node.name).\($0.key)") == $0.value }
            })
    }

    /// The whole way from the files to the answer, against PyTorch's.
    @Test(
        .enabled(if: testData != nil, "TESSERA_TEST_DATA names no folder of real models"),
        arguments: [
            ("dncnn", "dncnn_sigma25_bn", "noisy", "denoised"), ("resnet20", "resnet20_cifar10", "input", "logits"),
            ("resnet56", "resnet56_cifar10", "input", "logits"),
        ])
    func trainedNetworksAnswerAsInPyTorch(name: String, weights: String, input: String, output: String) throws {
        let folder = testData ?? ""
        let expected = try SafetensorsFile(path: "\(folder)/expected/\(weights).safetensors")
        let image = try expected.tensor(input)
        let network = try load(name, weights: .file("\(folder)/models/\(weights).safetensors"))
        let session = try Session(network.bound(inputs: ["image": image.shape]), backend: OneDNNBackend())
        let answer = try session.run(["image": image])[output]?.floats() ?? []
        let reference = try expected.tensor(output).floats()
        #expect(answer.count == reference.count)
        let largest = zip(answer, reference).map { abs($0 - $1) }.max() ?? .infinity
        #expect(largest < 1e-3, "\(name) differs by \(largest)")
    }

    // MARK: The network that draws

    /// Columns of a picture of the given densities, each 16 pixels wide, drawn; the row in the middle, as density.
    private func draw(_ densities: [Float]) throws -> [Float] {
        let (height, width) = (48, 16 * densities.count)
        let row = densities.flatMap { [Float](repeating: $0, count: 16) }
        let pixels = (0..<3 * height).flatMap { _ in row }
        let photo = try Tensor(pixels, shape: [1, 3, height, width])
        let bound = try load("sketch").bound(inputs: ["photo": photo.shape])
        let drawing = try Session(bound, backend: ReferenceBackend()).run(["photo": photo])["drawing"]
        return try Array(drawing?.floats()[(height / 2) * width..<(height / 2 + 1) * width] ?? [])
    }

    @Test func sketchLeavesWhitePaperWhiteUpToItsEdges() throws {
        for density in try draw([0, 0, 0]) { #expect(abs(density) < 1e-6) }
    }

    @Test func sketchInksTheDarkSideOfAnEdgeAndNothingElse() throws {
        let row = try draw([0.1, 0.1, 0.1, 0.6, 0.6, 0.6])
        let (light, dark) = (row[30], row[66])
        #expect(dark > light)
        #expect(row[48..<51].allSatisfy { $0 > dark + 0.4 })
        // Far from the edge, and from the picture's border, there are flat washes.
        #expect(row[24..<36].allSatisfy { abs($0 - light) < 1e-4 })
        #expect(row[60..<72].allSatisfy { abs($0 - dark) < 1e-4 })
    }

    @Test func sketchUsesEveryWeightOfItsFile() throws {
        let network = try load("sketch")
        guard case .file(let path) = network.weights else {
            Issue.record("expected weights from a file, found \(network.weights)")
            return
        }
        let bound = try network.bound(inputs: ["photo": [1, 3, 9, 9]])
        let used = zip(bound.graph.nodes, bound.parameters).flatMap { node, tensors in
            tensors.keys.map { "\(node.name).\($0)" }
        }
        #expect(try Set(SafetensorsFile(path: path).names) == Set(used))
    }
}
