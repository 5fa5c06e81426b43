import TesseraCore

/// An operator that maps each element alone: activations and functions of one number.
///
/// Numbers are computed in binary64 and rounded to the element type once.
public protocol PointwiseUnary: Operator {
    /// Whether integers are taken as well as floating-point numbers.
    static var takesIntegers: Bool { get }
    func value(_ x: Double) -> Double
    /// The same for integers, which wrap around; `value`, unless it is given.
    func integer<Integer: FixedWidthInteger & TensorElement>(_ x: Integer) -> Integer
}

extension PointwiseUnary {
    public static var takesIntegers: Bool { false }
    public var isPointwise: Bool { true }

    public func integer<Integer: FixedWidthInteger & TensorElement>(_ x: Integer) -> Integer {
        Integer(rounding: value(x.real))
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { [inputs[0]] }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { $0.isFloatingPoint || (Self.takesIntegers && $0.isInteger) }]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(op: self, inputs: [region])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let input = inputs[0]
        if let type = input.elementType.swiftType as? any (FixedWidthInteger & TensorElement).Type {
            return [try mapped(input, type)]
        }
        return [try Tensor(reals: input.reals().map(value), shape: input.shape, elementType: input.elementType)]
    }

    private func mapped<Integer: FixedWidthInteger & TensorElement>(
        _ input: Tensor, _ type: Integer.Type
    ) throws -> Tensor {
        try Tensor(elements: input.elements(type).map { integer($0) }, shape: input.shape)
    }
}
