import Foundation
import Tessera

/// A tensor as scripts hold it. It cannot be changed.
final class ScriptTensor: ScriptObject {
    let tensor: Tensor
    /// How it is shown as a picture, if it is a network's output.
    private let declaration: OutputDeclaration?
    private lazy var converted = Result { try tensor.convertedToF32() }

    init(_ tensor: Tensor, shownAs declaration: OutputDeclaration? = nil) {
        self.tensor = tensor
        self.declaration = declaration
    }

    /// With the copy as f32, which most methods make.
    var scriptByteCount: Int { tensor.byteCount + (tensor.elementType == .f32 ? 0 : 4 * tensor.elementCount) }
    /// Equal to the bit.
    func isEqual(to other: any ScriptObject) -> Bool { (other as? ScriptTensor)?.tensor == tensor }

    /// The shape, the type, and the first elements.
    var scriptDescription: String {
        let count = 6
        let sample = (try? f32.withFloats { $0.prefix(count).map { String(format: "%g", $0) } }) ?? []
        let rest = tensor.elementCount > count ? ", …" : ""
        return "tensor \(tensor.shape) \(tensor.elementType) [\(sample.joined(separator: ", "))\(rest)]"
    }

    /// The elements as f32.
    var f32: Tensor { get throws { try converted.get() } }

    static var scriptType: ScriptType {
        ScriptType(
            "Tensor",
            "Numbers in row-major order; a picture batch is {batch, channels, height, width}. Two tensors are equal if they are so "
                + "to the bit.",
            methods: [
                Binding(of: ScriptTensor.self, "shape", "shape() -> integer[]", "The sizes, outermost first.") {
                    tensor, call in
                    try call.expectArguments(atMost: 0)
                    return [ScriptValue(tensor.tensor.shape)]
                },
                Binding(
                    of: ScriptTensor.self, "get", "get(...: integer) -> number",
                    "The element at a position, counted from 1 on every axis."
                ) { tensor, call in
                    [try tensor.element(call)]
                },
                Binding(of: ScriptTensor.self, "values", "values() -> number[]", "All elements in a list.") {
                    tensor, call in
                    try call.expectArguments(atMost: 0)
                    // A list takes 16 bytes for every number.
                    try call.limits.check(
                        bytes: Shape.saturatingProduct(tensor.tensor.elementCount, 16), for: "a list of all values")
                    return [.table(ScriptTable(array: tensor.elements))]
                },
                Binding(
                    of: ScriptTensor.self, "difference", "difference(other: Tensor) -> number",
                    "The largest distance between two elements at the same position."
                ) { tensor, call in
                    try call.expectArguments(atMost: 1)
                    return [.number(try tensor.difference(from: call.object(ScriptTensor.self, 1, "other")))]
                },
                Binding(
                    of: ScriptTensor.self, "psnr", "psnr(other: Tensor) -> number",
                    "The peak signal-to-noise ratio in decibels between two tensors of values from 0 to 1: 100 where nothing differs."
                ) { tensor, call in
                    try call.expectArguments(atMost: 1)
                    return [.number(try tensor.signalToNoise(to: call.object(ScriptTensor.self, 1, "other")))]
                },
                Binding(
                    of: ScriptTensor.self, "reshape", "reshape(shape: integer[]) -> Tensor",
                    "The same elements in another shape."
                ) { tensor, call in
                    try call.expectArguments(atMost: 1)
                    return [.object(ScriptTensor(try tensor.tensor.reshaped(to: call.shape(1, "shape"))))]
                },
                Binding(
                    of: ScriptTensor.self, "transpose", "transpose(first: integer, second: integer) -> Tensor",
                    "The tensor with two axes, counted from 1, in each other's place.",
                    example: """
                        local t = tessera.tensor{values = {{1, 2, 3}, {4, 5, 6}}}
                        assert(t:transpose(1, 2) == tessera.tensor{values = {{1, 4}, {2, 5}, {3, 6}}})
                        """
                ) { tensor, call in
                    try call.expectArguments(atMost: 2)
                    var order = Array(0..<tensor.tensor.shape.rank)
                    order.swapAt(try tensor.axis(call, 1) - 1, try tensor.axis(call, 2) - 1)
                    try call.limits.check(
                        bytes: tensor.tensor.byteCount, for: "a tensor of \(tensor.tensor.shape)")
                    return [
                        .object(ScriptTensor(try Transpose(order: order).forward([tensor.tensor], parameters: [:])[0]))
                    ]
                },
                with,
                Binding(
                    of: ScriptTensor.self, "save", "save(path: string)",
                    "Writes a .npy or .safetensors file, or a .png or .jpg picture. An output of a network becomes the picture its "
                        + "file declares, any other tensor one of values from 0 to 1."
                ) { tensor, call in
                    try call.expectArguments(atMost: 1)
                    try tensor.save(to: call.string(1, "path"))
                    return []
                },
            ] + reductions,
            properties: [
                Binding(of: ScriptTensor.self, property: "type", "string", "The type of an element, such as f32.") {
                    .string($0.tensor.elementType.rawValue)
                }
            ],
            operators: [
                Binding(of: ScriptTensor.self, "__len", "#tensor", "The number of elements.") { tensor, _ in
                    [.integer(tensor.tensor.elementCount)]
                }
            ] + arithmetic, element: element)
    }

    /// Whether the elements are integers for Lua, too.
    var hasIntegers: Bool { tensor.elementType.isInteger && tensor.elementType != .u64 }

    /// All elements as numbers of Lua.
    private var elements: [ScriptValue] {
        hasIntegers ? tensor.integers().map { .integer(Int($0)) } : tensor.reals().map(ScriptValue.number)
    }

    /// What a script gets for a tensor: a number if it has no axes.
    static func value(_ tensor: Tensor) throws -> ScriptValue {
        let object = ScriptTensor(tensor)
        return tensor.shape.rank > 0 ? .object(object) : try object.element(at: 0)
    }

    /// The element at a place in row-major order.
    func element(at offset: Int) throws -> ScriptValue {
        func real<Element: TensorElement>(_ type: Element.Type) -> Double {
            tensor.withElements(as: type) { $0[offset].real }
        }
        func integer<Element: TensorElement>(_ type: Element.Type) -> Int64 {
            tensor.withElements(as: type) { $0[offset].integer }
        }
        let type = tensor.elementType
        if type == .f32 { return .number(real(Float.self)) }
        return hasIntegers ? .integer(Int(integer(type.swiftType))) : .number(real(type.swiftType))
    }

    private func element(_ call: ScriptCall) throws -> ScriptValue {
        let shape = tensor.shape
        guard call.arguments.count == shape.rank else {
            throw TesseraError(
                .invalidArgument,
                "expected \(shape.rank) positions in a tensor of \(shape), got \(call.arguments.count)",
                path: call.name)
        }
        var offset = 0
        for (axis, stride) in shape.strides.enumerated() {
            let position = try call.integer(axis + 1, "axis \(axis + 1)")
            guard (1...max(1, shape[axis])).contains(position), shape[axis] > 0 else {
                throw TesseraError(
                    .invalidArgument,
                    "expected a position from 1 to \(shape[axis]) on axis \(axis + 1), got \(position)",
                    path: call.name)
            }
            offset += (position - 1) * stride
        }
        return try element(at: offset)
    }

    private func difference(from other: ScriptTensor) throws -> Double {
        var largest = 0.0
        try forEachDistance(from: other, "difference") {
            // Not a number is as far as can be from anything.
            largest = max(largest, $0.isNaN ? .infinity : $0)
        }
        return largest
    }

    private func signalToNoise(to other: ScriptTensor) throws -> Double {
        var sum = 0.0
        try forEachDistance(from: other, "psnr") { sum += $0 * $0 }
        return peakSignalToNoise(meanSquaredError: sum / Double(max(1, tensor.elementCount)))
    }

    /// The distances between elements at the same position that are not equal.
    private func forEachDistance(from other: ScriptTensor, _ name: String, _ body: (Double) -> Void) throws {
        guard tensor.shape == other.tensor.shape else {
            throw TesseraError(
                .shapeMismatch, "expected a tensor of \(tensor.shape), got \(other.tensor.shape)", path: name)
        }
        try f32.withFloats { a in
            try other.f32.withFloats { b in
                for (x, y) in zip(a, b) where x != y { body(abs(Double(x) - Double(y))) }
            }
        }
    }

    private func save(to path: String) throws {
        switch PathComponents(path).fileExtension {
        case "npy": try NpyFile.write(tensor, to: path)
        case "safetensors": try SafetensorsFile.write(["tensor": tensor], to: path)
        case "png", "jpg", "jpeg": try (declaration ?? OutputDeclaration()).picture(of: tensor).write(to: path)
        default:
            throw TesseraError(
                .invalidArgument, "expected a path that ends in .npy, .safetensors, .png or .jpg, got '\(path)'",
                path: "save")
        }
    }
}
