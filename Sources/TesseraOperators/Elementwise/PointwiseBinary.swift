import TesseraCore

/// A broadcasting operator of two inputs whose result has their type.
public protocol PointwiseBinary: Broadcasting {
    static var takesIntegers: Bool { get }
    func value(_ a: Double, _ b: Double) -> Double
    /// The same for integers, which wrap around.
    func integer<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer
}

extension PointwiseBinary {
    public static var takesIntegers: Bool { true }
    public static var inputNames: [String] { ["a", "b"] }
    public var inputCount: ClosedRange<Int> { 2...2 }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { $0.isFloatingPoint || (Self.takesIntegers && $0.isInteger) }]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try combined(inputs)]
    }

    /// Inputs beyond the second are combined with what came out, one after the other.
    func combined(_ inputs: [Tensor]) throws -> Tensor {
        try inputs.dropFirst().reduce(inputs[0]) { first, second in
            let shape = try Shape(broadcasting: [first.shape, second.shape])
            let (a, b) = (try first.broadcast(to: shape), try second.broadcast(to: shape))
            if let type = a.elementType.swiftType as? any (FixedWidthInteger & TensorElement).Type {
                return try combined(a, b, type)
            }
            return try Tensor(reals: zip(a.reals(), b.reals()).map(value), shape: shape, elementType: a.elementType)
        }
    }

    private func combined<Integer: FixedWidthInteger & TensorElement>(
        _ a: Tensor, _ b: Tensor, _ type: Integer.Type
    ) throws -> Tensor {
        try Tensor(elements: zip(a.elements(type), b.elements(type)).map { integer($0, $1) }, shape: a.shape)
    }
}
