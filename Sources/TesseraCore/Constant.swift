/// A tensor that is part of the network: given in its file element by element, or as the weight `value`.
public struct Constant: Operator, Equatable {
    public static let name = "constant"
    public static let summary = "A tensor that never changes"
    public static let shapes = "→ the key 'shape'"

    public var type = ElementType.f32
    /// Nil for that of `values`: a scalar if there is one, else a list.
    public var shape: [Int]?
    /// The elements; nil if they are the weight `value`.
    public var values: [Double]?

    public init() {}

    /// The operator whose weight `value` is `tensor`.
    public init(_ tensor: Tensor) {
        type = tensor.elementType
        shape = tensor.shape.dimensions
    }

    public static let inputNames: [String] = []
    public var inputCount: ClosedRange<Int> { 0...0 }
    public static let keys: [Key<Constant>] = [
        Key("type", \.type, "the type of its elements"),
        Key("shape", \.shape, "its shape; if left out, that of a list of the values, or of a scalar if there is one"),
        Key("values", \.values, "its elements in row-major order; if left out, they are the weight 'value'"),
    ]

    public func validate() throws {
        guard shape?.allSatisfy({ $0 >= 0 }) ?? true else {
            throw TesseraError(.invalidArgument, "expected a 'shape' of sizes from 0, found \(shape ?? [])")
        }
        guard let values else { return }
        let expected = resultShape.elementCount
        guard values.count == expected else {
            throw TesseraError(
                .invalidArgument, "expected \(expected) 'values' for the shape \(resultShape), found \(values.count)")
        }
        guard !type.isFloatingPoint else { return }
        if let changed = zip(values, try tensor().reals()).first(where: { $0 != $1 })?.0 {
            throw TesseraError(.invalidArgument, "expected 'values' that \(type) can hold, found \(changed)")
        }
    }

    private var resultShape: Shape { Shape(shape ?? values.map { $0.count == 1 ? [] : [$0.count] } ?? []) }

    public func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        guard values == nil else { return [] }
        let shape = resultShape
        let fanIn = shape.dimensions.dropFirst().reduce(1, Shape.saturatingProduct)
        return [ParameterSpecification("value", shape, .weight(fanIn: fanIn), type)]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { [resultShape] }
    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [type] }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        var op = self
        op.shape = region.shape.dimensions
        guard values != nil else { return OperatorTile(op: op, inputs: [], parameters: ["value": region]) }
        op.values = try tensor().cropped(to: region).reals()
        return OperatorTile(op: op, inputs: [])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        if values != nil { return [try tensor()] }
        guard let value = parameters["value"] else {
            throw TesseraError(.notFound, "'constant' misses its value")
        }
        return [value]
    }

    private func tensor() throws -> Tensor {
        try Tensor(reals: values ?? [], shape: resultShape, elementType: type)
    }
}
