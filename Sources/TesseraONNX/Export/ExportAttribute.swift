import Foundation
import TesseraCore

/// The value of an attribute of a node.
enum ExportAttribute: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case int(Int)
    case ints([Int])
    case float(Double)
    case floats([Double])
    case string(String)
    case strings([String])
    case tensor(Tensor)

    init(integerLiteral value: Int) { self = .int(value) }
    init(stringLiteral value: String) { self = .string(value) }

    static func flag(_ value: Bool) -> ExportAttribute { .int(value ? 1 : 0) }

    func proto(named name: String) -> ONNXAttributeProto {
        var proto = ONNXAttributeProto()
        proto.name = name
        switch self {
        case .int(let value): (proto.type, proto.i) = (.int, Int64(value))
        case .ints(let values): (proto.type, proto.ints) = (.ints, values.map(Int64.init))
        case .float(let value): (proto.type, proto.f) = (.float, Float(value))
        case .floats(let values): (proto.type, proto.floats) = (.floats, values.map(Float.init))
        case .string(let value): (proto.type, proto.s) = (.string, Data(value.utf8))
        case .strings(let values): (proto.type, proto.strings) = (.strings, values.map { Data($0.utf8) })
        case .tensor(let tensor):
            (proto.type, proto.t) = (.tensor, ONNXTensorProto(describing: tensor, named: ""))
            proto.t.rawData = tensor.withUnsafeBytes { Data($0) }
        }
        return proto
    }
}

extension ONNXTensorProto {
    /// Type and shape of a tensor, without its elements.
    init(describing tensor: Tensor, named name: String) {
        self.init()
        if !name.isEmpty { self.name = name }
        dims = tensor.shape.dimensions.map(Int64.init)
        dataType = tensor.elementType.onnxNumber
    }
}
