import TesseraCore

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
        OperatorTile(op: self, inputs: inputs.map { region.unbroadcast(to: $0) })
    }

    /// A single input is the result.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        inputs.count == 1 ? .input(0) : try ControlInputs(inputs).resolution(self)
    }
}

extension Region {
    /// The region of a tensor of the given shape that is repeated to this one.
    func unbroadcast(to shape: Shape) -> Region {
        Region(zip(ranges.suffix(shape.rank), shape.dimensions).map { $1 == 1 ? 0..<1 : $0 })
    }
}

extension Tensor {
    /// The elements repeated to fit `shape`.
    ///
    /// - Throws: `shapeMismatch` if they do not.
    func broadcast(to shape: Shape) throws -> Tensor {
        if self.shape == shape { return self }
        guard try Shape(broadcasting: [self.shape, shape]) == shape else {
            throw TesseraError(.shapeMismatch, "expected a shape that can be repeated to \(shape), found \(self.shape)")
        }
        return try elements(atSumsOf: self.shape.broadcastTables(to: shape))
    }
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

    /// For every axis of `target`, the row-major offsets of the elements of this shape that are repeated there.
    func broadcastTables(to target: Shape) -> [[Int]] {
        let missing = target.rank - rank
        let steps = [Int](repeating: 0, count: missing) + zip(dimensions, strides).map { $0 == 1 ? 0 : $1 }
        return zip(target.dimensions, steps).map { size, step in (0..<size).map { $0 * step } }
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
