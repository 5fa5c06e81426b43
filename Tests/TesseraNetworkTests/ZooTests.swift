import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// What is published of a network: parameters that are learned, and multiply-accumulates of one inference.
struct PublishedFigures: Sendable, CustomTestStringConvertible {
    let name: String
    let shape: Shape
    let output: Shape
    /// In the unit and with the digits that the source gives.
    let parameters: Figure
    let macs: Figure
    let source: String

    struct Figure: Sendable {
        let value: Double
        let unit: Double

        let digits: Int

        /// An exact number.
        init(_ value: Int) { (self.value, unit, digits) = (Double(value), 1, 0) }

        /// One that is rounded to `digits` after the point.
        init(_ value: Double, in unit: Double, digits: Int) {
            (self.value, self.unit, self.digits) = (value, unit, digits)
        }

        func fits(_ number: Int) -> Bool {
            let scale = pow(10, Double(digits))
            return (Double(number) / unit * scale).rounded() == (value * scale).rounded()
        }
    }

    var testDescription: String { name }
}

/// The networks in configs/networks against what is published of them.
@Suite struct ZooTests {
    private static let torchvision = "torchvision's documentation of its weights: num_params, GFLOPS"

    static let published: [PublishedFigures] = [
        .init(
            name: "lenet5", shape: [1, 1, 32, 32], output: [1, 10], parameters: .init(61_706), macs: .init(416_520),
            source:
                "by hand: 5·5·6 + 6, 5·5·6·16 + 16, 400·120 + 120, 120·84 + 84, 84·10 + 10 parameters; 28²·150 + 10²·2400 + 48000 + 10080 + 840 MACs"
        ),
        .init(
            name: "resnet18", shape: [1, 3, 224, 224], output: [1, 1000], parameters: .init(11_689_512),
            macs: .init(1.814, in: 1e9, digits: 3), source: torchvision),
        .init(
            name: "resnet50", shape: [1, 3, 224, 224], output: [1, 1000], parameters: .init(25_557_032),
            macs: .init(4.089, in: 1e9, digits: 3), source: torchvision),
        .init(
            name: "vgg16", shape: [1, 3, 224, 224], output: [1, 1000], parameters: .init(138_357_544),
            macs: .init(15.47, in: 1e9, digits: 2), source: torchvision),
        .init(
            name: "mobilenet_v2", shape: [1, 3, 224, 224], output: [1, 1000], parameters: .init(3_504_872),
            macs: .init(0.301, in: 1e9, digits: 3), source: torchvision),
        .init(
            name: "squeezenet1_1", shape: [1, 3, 224, 224], output: [1, 1000], parameters: .init(1_235_496),
            macs: .init(0.349, in: 1e9, digits: 3), source: torchvision),
        .init(
            name: "mobilenet_v1", shape: [1, 3, 224, 224], output: [1, 1000],
            parameters: .init(4.2, in: 1e6, digits: 1),
            macs: .init(569, in: 1e6, digits: 0),
            source: "Howard et al., table 4: 4.2 million parameters, 569 million mult-adds"),
        .init(
            name: "resnet20", shape: [1, 3, 32, 32], output: [1, 10], parameters: .init(0.27, in: 1e6, digits: 2),
            macs: .init(40_551_040),
            source: "He et al., table 6: 0.27M; the cost as counted in the literature on pruning"),
        .init(
            name: "resnet56", shape: [1, 3, 32, 32], output: [1, 10], parameters: .init(0.85, in: 1e6, digits: 2),
            macs: .init(125_485_696),
            source: "He et al., table 6: 0.85M; the cost as counted in the literature on pruning"),
        .init(
            name: "yolov2", shape: [1, 3, 608, 608], output: [1, 425, 19, 19], parameters: .init(50_962_889),
            macs: .init(62.94, in: 0.5e9, digits: 2),
            source:
                "pjreddie.com/darknet/yolov2: 62.94 Bn FLOPS, two for a multiply-accumulate; yolov2.weights has 50,983,561 numbers, 20,672 of them running"
        ),
        .init(
            name: "yolov2-tiny", shape: [1, 3, 416, 416], output: [1, 425, 13, 13], parameters: .init(11_232_057),
            macs: .init(5.41, in: 0.5e9, digits: 2),
            source:
                "pjreddie.com/darknet/yolov2: 5.41 Bn FLOPS, two for a multiply-accumulate; yolov2-tiny.weights has 11,237,145 numbers, 5,088 of them running"
        ),
        .init(
            name: "dncnn", shape: [1, 1, 40, 40], output: [1, 1, 40, 40], parameters: .init(0.56, in: 1e6, digits: 2),
            macs: .init(886_579_200),
            source: "Zhang et al.: 17 layers of 3·3 and 64 channels: (576 + 15·36864 + 576)·1600 MACs"),
        .init(
            name: "espcn", shape: [1, 1, 17, 17], output: [1, 1, 51, 51], parameters: .init(22_729),
            macs: .init(6_538_336),
            source:
                "Shi et al.: (5, 64), (3, 32), 3·3 by hand: 1664 + 18464 + 2601 parameters; (1600 + 18432 + 2592)·289 MACs"
        ),
    ]

    @Test("parameters and operations are the published ones", arguments: published)
    func figures(_ published: PublishedFigures) throws {
        let network = try Modules.builtin.loader.load(TestFiles.network(published.name))
        let input = try #require(network.graph.inputs.first)
        let bound = try network.boundWithoutWeights(inputs: [input.name: published.shape])
        #expect(bound.shapes[bound.graph.outputs[0].value] == published.output)
        var learned = 0
        for node in bound.graph.nodes {
            for weight in try node.op.parameters(for: bound.inputShapes(of: node))
            where !weight.name.hasPrefix("running_") { learned += weight.shape.elementCount }
        }
        let macs = bound.multiplyAccumulates.reduce(0, +)
        #expect(published.parameters.fits(learned), "\(learned) parameters, \(published.source)")
        #expect(published.macs.fits(macs), "\(macs) MACs, \(published.source)")
    }

    @Test("the lighter ones compute, with random weights", arguments: try TestFiles.lightNetworks)
    func computes(name: String) throws {
        let network = try Modules.builtin.loader.load(TestFiles.network(name))
        let inputs = try network.graph.inputs.map { input in
            let sizes = input.shape.dimensions.enumerated().map { index, size in
                size.fixedSize ?? (index == 0 ? 1 : 32)
            }
            return (
                input.name, try Tensor([Float](repeating: 0.5, count: Shape(sizes).elementCount), shape: Shape(sizes))
            )
        }
        let tensors = Dictionary(uniqueKeysWithValues: inputs)
        let session = try network.session(inputs: tensors.mapValues(\.shape), backend: OneDNNBackend())
        let results = try session.run(tensors)
        for (output, tensor) in results { #expect(tensor.reals().allSatisfy { $0.isFinite }, "\(name) \(output)") }
        for output in network.outputNames {
            _ = try network.result(output, of: results, for: NetworkInputs(tensors: tensors))
        }
    }
}
