import Foundation
import Tessera

extension ScriptTensor {
    /// `a + b`, `a - b`, `a * b`, `a / b` and `a ^ b` of two tensors, or of a tensor and a number on either side.
    static var arithmetic: [Binding] {
        [
            elementwise("__add", "+", "The sum", +), elementwise("__sub", "-", "The difference", -),
            elementwise("__mul", "*", "The product", *), elementwise("__div", "/", "The quotient", /),
            elementwise("__pow", "^", "The power", powf),
            Binding(of: ScriptTensor.self, "__unm", "-tensor -> Tensor", "The negative, element by element.") {
                tensor, _ in
                var result = try tensor.f32
                try result.withMutableFloats { floats in for index in floats.indices { floats[index].negate() } }
                return [.object(ScriptTensor(result))]
            },
        ]
    }

    private static func elementwise(
        _ name: String, _ sign: String, _ noun: String, _ combine: @escaping (Float, Float) -> Float
    ) -> Binding {
        Binding(
            name, "tensor \(sign) other -> Tensor",
            "\(noun), element by element, of two tensors, or of a tensor and a number. Tensors of different shapes fit as in NumPy: an "
                + "axis of size 1, or one that is missing in front, is repeated."
        ) { call in
            var operands = try call.arguments.prefix(2).map { try Operand($0, sign) }
            let shape = try locatingErrors(path: sign) {
                let shape = try Shape(broadcasting: operands.compactMap(\.tensor?.shape))
                // Those that are repeated are of that size, too.
                let count = 1 + operands.count { $0.tensor.map { $0.shape != shape } ?? false }
                try call.limits.check(
                    bytes: Shape.saturatingProduct(shape.elementCount, 4 * count), for: "a tensor of \(shape)")
                operands = try operands.map { try $0.broadcast(to: shape) }
                return shape
            }
            var result = try Tensor(zeros: shape)
            try operands[0].withElements { a in
                try operands[1].withElements { b in
                    try result.withMutableFloats { result in
                        for index in result.indices { result[index] = combine(a(index), b(index)) }
                    }
                }
            }
            return [.object(ScriptTensor(result))]
        }
    }

    /// One side of an operator.
    private enum Operand {
        case number(Float)
        case elements(Tensor)

        init(_ value: ScriptValue, _ sign: String) throws {
            if case .object(let object) = value, let tensor = object as? ScriptTensor {
                self = .elements(try tensor.f32)
            } else {
                self = .number(Float(try locatingErrors(path: sign) { try value.requireNumber() }))
            }
        }

        var tensor: Tensor? { if case .elements(let tensor) = self { tensor } else { nil } }

        func broadcast(to shape: Shape) throws -> Operand {
            guard let tensor, tensor.shape != shape else { return self }
            return .elements(try Expand(shape: shape.dimensions).forward([tensor], parameters: [:])[0])
        }

        func withElements<Result>(_ body: ((Int) -> Float) throws -> Result) throws -> Result {
            switch self {
            case .number(let number): try body { _ in number }
            case .elements(let tensor): try tensor.withFloats { floats in try body { floats[$0] } }
            }
        }
    }
}
