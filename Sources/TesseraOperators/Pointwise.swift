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

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { inputs }

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

/// An operator that combines tensors element by element. Shapes are aligned at their last axes, and an axis of size 1, or one
/// that is missing, is repeated to fit the others (NumPy's broadcasting).
public protocol Broadcasting: Operator {}

extension Broadcasting {
    public static var shapes: String {
        "shapes that are equal, or 1 or missing where they differ → the largest of each axis"
    }
    public var isPointwise: Bool { true }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { [try Shape(broadcasting: inputs)] }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(
            op: self,
            inputs: inputs.map { shape in
                Region(zip(region.ranges.suffix(shape.rank), shape.dimensions).map { $1 == 1 ? 0..<1 : $0 })
            })
    }
}

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

    /// Inputs beyond the second are combined with what came out, one after the other.
    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let first = inputs[0]
        return [
            try inputs.dropFirst().reduce(first) { a, b in
                let shape = try Shape(broadcasting: [a.shape, b.shape])
                if let type = a.elementType.swiftType as? any (FixedWidthInteger & TensorElement).Type {
                    return try combined(a, b, shape, type)
                }
                let values = broadcast(a.reals(), a.shape, b.reals(), b.shape, to: shape, value)
                return try Tensor(reals: values, shape: shape, elementType: a.elementType)
            }
        ]
    }

    private func combined<Integer: FixedWidthInteger & TensorElement>(
        _ a: Tensor, _ b: Tensor, _ shape: Shape, _ type: Integer.Type
    ) throws -> Tensor {
        let values = try broadcast(a.elements(type), a.shape, b.elements(type), b.shape, to: shape) { integer($0, $1) }
        return try Tensor(elements: values, shape: shape)
    }
}

/// Combines the elements of two tensors, repeated to fit `shape`.
func broadcast<A, B, Result>(
    _ a: [A], _ aShape: Shape, _ b: [B], _ bShape: Shape, to shape: Shape, _ combine: (A, B) -> Result
) -> [Result] {
    if aShape == bShape { return zip(a, b).map(combine) }
    let (aOffsets, bOffsets) = (aShape.broadcastOffsets(in: shape), bShape.broadcastOffsets(in: shape))
    return zip(aOffsets, bOffsets).map { combine(a[$0], b[$1]) }
}

extension Shape {
    /// The shape that all of `shapes` are repeated to.
    ///
    /// - Throws: `shapeMismatch` if an axis has two sizes other than 1.
    public init(broadcasting shapes: [Shape]) throws {
        let rank = shapes.map(\.rank).max() ?? 0
        var result = Shape([Int](repeating: 1, count: rank))
        for shape in shapes {
            for (axis, size) in zip((rank - shape.rank)..<rank, shape.dimensions) where size != 1 {
                guard result[axis] == 1 || result[axis] == size else {
                    throw TesseraError(
                        .shapeMismatch,
                        "expected inputs of equal shape, or 1 where they differ, found \(shapes.map(\.description).joined(separator: " and "))"
                    )
                }
                result[axis] = size
            }
        }
        self = result
    }

    /// For every element of `target`, in row-major order, the offset of the element of this shape that is repeated there.
    public func broadcastOffsets(in target: Shape) -> [Int] {
        guard target.elementCount > 0 else { return [] }
        let missing = target.rank - rank
        var offsets = [0]
        offsets.reserveCapacity(target.elementCount)
        for (axis, size) in target.dimensions.enumerated() {
            let own = axis < missing ? 1 : self[axis - missing]
            let step = axis < missing || own == 1 ? 0 : strides[axis - missing]
            if size == 1 { continue }
            offsets = offsets.flatMap { start in (0..<size).map { start + $0 * step } }
        }
        return offsets
    }
}
