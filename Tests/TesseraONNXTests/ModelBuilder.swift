import Foundation
import SwiftProtobuf
import Tessera
import TesseraTestSupport

@testable import TesseraONNX

/// A small ONNX model, written down node by node.
struct ModelBuilder {
    var model = ONNXModelProto()

    init(opset: Int, name: String = "test") {
        var set = ONNXOperatorSetIdProto()
        set.version = Int64(opset)
        model.opsetImport = [set]
        model.irVersion = 8
        model.graph.name = name
    }

    /// A size: a number, or a name that leaves it open.
    enum Size: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
        case fixed(Int), named(String)
        init(integerLiteral value: Int) { self = .fixed(value) }
        init(stringLiteral value: String) { self = .named(value) }
    }

    static func info(_ name: String, _ sizes: [Size], _ type: ElementType = .f32) -> ONNXValueInfoProto {
        var info = ONNXValueInfoProto()
        info.name = name
        info.type.tensorType.elemType = type.onnxNumber
        info.type.tensorType.shape = ONNXTensorShapeProto()
        for size in sizes {
            var dimension = ONNXTensorShapeProto.Dimension()
            switch size {
            case .fixed(let value): dimension.dimValue = Int64(value)
            case .named(let name): dimension.dimParam = name
            }
            info.type.tensorType.shape.dim.append(dimension)
        }
        return info
    }

    mutating func input(_ name: String, _ sizes: [Size], _ type: ElementType = .f32) {
        model.graph.input.append(Self.info(name, sizes, type))
    }

    mutating func output(_ names: String...) {
        for name in names {
            var info = ONNXValueInfoProto()
            info.name = name
            model.graph.output.append(info)
        }
    }

    static func tensor(_ name: String, _ sizes: [Int], floats: [Float]) -> ONNXTensorProto {
        var tensor = ONNXTensorProto()
        (tensor.name, tensor.dims, tensor.dataType, tensor.floatData) = (name, sizes.map(Int64.init), 1, floats)
        return tensor
    }

    static func tensor(_ name: String, integers: [Int], sizes: [Int]? = nil) -> ONNXTensorProto {
        var tensor = ONNXTensorProto()
        tensor.name = name
        tensor.dims = (sizes ?? [integers.count]).map(Int64.init)
        tensor.dataType = 7
        tensor.int64Data = integers.map(Int64.init)
        return tensor
    }

    /// An f32 weight whose elements count from 0.
    mutating func weight(_ name: String, _ sizes: [Int]) {
        model.graph.initializer.append(
            Self.tensor(name, sizes, floats: (0..<sizes.reduce(1, *)).map(Float.init)))
    }

    mutating func integers(_ name: String, _ values: [Int]) {
        model.graph.initializer.append(Self.tensor(name, integers: values))
    }

    mutating func scalar(_ name: String, _ value: Float) {
        model.graph.initializer.append(Self.tensor(name, [], floats: [value]))
    }

    enum Attribute {
        case int(Int), ints([Int]), float(Float), floats([Float]), string(String), strings([String])
        case tensor(ONNXTensorProto), reference(String)
    }

    static func attribute(_ name: String, _ value: Attribute) -> ONNXAttributeProto {
        var attribute = ONNXAttributeProto()
        attribute.name = name
        switch value {
        case .int(let value): (attribute.type, attribute.i) = (.int, Int64(value))
        case .ints(let values): (attribute.type, attribute.ints) = (.ints, values.map(Int64.init))
        case .float(let value): (attribute.type, attribute.f) = (.float, value)
        case .floats(let values): (attribute.type, attribute.floats) = (.floats, values)
        case .string(let value): (attribute.type, attribute.s) = (.string, Data(value.utf8))
        case .strings(let values): (attribute.type, attribute.strings) = (.strings, values.map { Data($0.utf8) })
        case .tensor(let value): (attribute.type, attribute.t) = (.tensor, value)
        case .reference(let name): attribute.refAttrName = name
        }
        return attribute
    }

    static func node(
        _ operatorType: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: Attribute] = [:],
        name: String = ""
    ) -> ONNXNodeProto {
        var node = ONNXNodeProto()
        (node.opType, node.input, node.output, node.name) = (operatorType, inputs, outputs, name)
        node.attribute = attributes.sorted { $0.key < $1.key }.map { attribute($0.key, $0.value) }
        return node
    }

    mutating func node(
        _ operatorType: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: Attribute] = [:],
        name: String = ""
    ) {
        model.graph.node.append(Self.node(operatorType, inputs, outputs, attributes, name: name))
    }

    /// A weight of any type.
    mutating func constant(_ name: String, _ tensor: Tensor) {
        var proto = ONNXTensorProto(describing: tensor, named: name)
        proto.rawData = tensor.withUnsafeBytes { Data($0) }
        model.graph.initializer.append(proto)
    }

    func imported() throws -> ImportedGraph { try ONNXModel(model).imported() }

    /// The network that a file of the model is.
    func network() throws -> Network {
        let folder = try TemporaryFolder()
        try (model.serializedBytes() as [UInt8]).withUnsafeBytes {
            try Data($0).write(to: URL(filePath: folder.file("m.onnx")))
        }
        return try Modules.builtin.loader.load(folder.file("m.onnx"))
    }

    /// The outputs for these inputs.
    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] { try network().reference(inputs) }
}

extension Network {
    /// The outputs for these inputs, by the operators' plain loops.
    func reference(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        try session(inputs: inputs.mapValues(\.shape), backend: ReferenceBackend()).run(inputs)
    }
}

/// The layers of a model of one node, as text.
///
/// - Parameters:
///   - inputs: the graph's inputs with their sizes; what is not listed among `build`'s initializers must be here.
///   - build: adds initializers.
func layers(
    opset: Int, _ operatorType: String, _ inputs: [String], outputs: [String] = ["y"],
    _ attributes: [String: ModelBuilder.Attribute] = [:], given: [String: [ModelBuilder.Size]] = ["x": [1, 2, 8, 8]],
    _ build: (inout ModelBuilder) -> Void = { _ in }
) throws -> [String] {
    var builder = ModelBuilder(opset: opset)
    for (name, sizes) in given.sorted(by: { $0.key < $1.key }) { builder.input(name, sizes) }
    build(&builder)
    builder.node(operatorType, inputs, outputs, attributes)
    for output in outputs where !output.isEmpty { builder.output(output) }
    return try builder.imported().lines
}

extension ImportedGraph {
    /// One line a layer: `conv c {channels: 2, kernel: 3} (x) weight=2x1x3x3`.
    var lines: [String] {
        layers.map { layer in
            let weights = layer.parameters.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value.shape)" }.joined()
            return "\(layer.type) \(layer.name) \(layer.configuration.flow) (\(layer.inputs.joined(separator: ", ")))"
                + weights
        }
    }
}
