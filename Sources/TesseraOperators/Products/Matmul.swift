import TesseraCore

/// The matrix product y[…, i, j] = Σ over k of a[…, i, k] · b[…, k, j], by NumPy's rules: axes before the last two are repeated
/// where they are 1 or missing; an operand of one axis is a row on the left and a column on the right, and that axis is gone
/// from the result. Integers wrap around.
public struct Matmul: Operator, Equatable {
    public static let name = "matmul"
    public static let summary = "Product of matrices"
    public static let keys: [Key<Matmul>] = []

    public init() {}

    public var isSpatiallyLocal: Bool { false }
    public static let inputNames = ["a", "b"]
    public static let shapes = "a […, rows, inner], b […, inner, columns] → […, rows, columns]"
    public var inputCount: ClosedRange<Int> { 2...2 }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { $0.isFloatingPoint || [.i32, .i64, .u32, .u64].contains($0) }]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { [try MatrixProduct(inputs[0], inputs[1]).shape] }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let product = try MatrixProduct(inputs[0], inputs[1])
        var ranges = region.ranges
        let columns = inputs[1].rank > 1 ? ranges.removeLast() : 0..<1
        let rows = inputs[0].rank > 1 ? ranges.removeLast() : 0..<1
        func part(_ shape: Shape, _ matrix: [Range<Int>]) -> Region {
            let batch = shape.dimensions.dropLast(2)
            return Region(zip(ranges.suffix(batch.count), batch).map { $1 == 1 ? 0..<1 : $0 } + matrix)
        }
        let inner = 0..<product.inner
        return OperatorTile(
            op: self,
            inputs: [
                part(inputs[0], inputs[0].rank > 1 ? [rows, inner] : [inner]),
                part(inputs[1], inputs[1].rank > 1 ? [inner, columns] : [inner]),
            ])
    }

    public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
        Shape.saturatingProduct(outputs[0].elementCount, inputs[0].dimensions.last ?? 0)
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let product = try MatrixProduct(inputs[0].shape, inputs[1].shape)
        if let type = inputs[0].elementType.swiftType as? any (FixedWidthInteger & TensorElement).Type {
            return [try integers(inputs, product, type)]
        }
        let y = product.sum(inputs[0].reals(), inputs[1].reals(), zero: 0) { $0 + $1 * $2 }
        return [try Tensor(reals: y, shape: product.shape, elementType: inputs[0].elementType)]
    }

    private func integers<Integer: FixedWidthInteger & TensorElement>(
        _ inputs: [Tensor], _ product: MatrixProduct, _ type: Integer.Type
    ) throws -> Tensor {
        let y = try product.sum(inputs[0].elements(type), inputs[1].elements(type), zero: 0) { $0 &+ $1 &* $2 }
        return try Tensor(elements: y, shape: product.shape)
    }
}

/// The sizes of a product of matrices.
public struct MatrixProduct: Sendable {
    public let rows: Int
    public let inner: Int
    public let columns: Int
    /// The axes before the last two, of both operands and of the result.
    public let aBatch: Shape
    public let bBatch: Shape
    public let batch: Shape
    /// That of the result.
    public let shape: Shape

    /// - Throws: `shapeMismatch` if the matrices do not fit.
    public init(_ a: Shape, _ b: Shape) throws {
        guard a.rank > 0, b.rank > 0 else {
            throw TesseraError(.shapeMismatch, "expected matrices or vectors, found \(a.rank) and \(b.rank) axes")
        }
        inner = a[a.rank - 1]
        guard b[b.rank > 1 ? b.rank - 2 : 0] == inner else {
            throw TesseraError(
                .shapeMismatch,
                "expected as many columns of \(a) as rows of \(b), found \(inner) and \(b[max(0, b.rank - 2)])")
        }
        rows = a.rank > 1 ? a[a.rank - 2] : 1
        columns = b.rank > 1 ? b[b.rank - 1] : 1
        (aBatch, bBatch) = (Shape(a.dimensions.dropLast(2)), Shape(b.dimensions.dropLast(2)))
        batch = try Shape(broadcasting: [aBatch, bBatch])
        shape = Shape(batch.dimensions + (a.rank > 1 ? [rows] : []) + (b.rank > 1 ? [columns] : []))
    }

    /// Adds up `add(sum, a, b)` for every element of the result.
    func sum<Element>(
        _ a: [Element], _ b: [Element], zero: Element, _ add: (Element, Element, Element) -> Element
    ) -> [Element] {
        var y = [Element](repeating: zero, count: batch.elementCount * rows * columns)
        var target = 0
        for (aOffset, bOffset) in zip(aBatch.broadcastOffsets(in: batch), bBatch.broadcastOffsets(in: batch)) {
            for row in 0..<rows {
                let aRow = aOffset * rows * inner + row * inner
                for k in 0..<inner {
                    let (value, bRow) = (a[aRow + k], (bOffset * inner + k) * columns)
                    for column in 0..<columns { y[target + column] = add(y[target + column], value, b[bRow + column]) }
                }
                target += columns
            }
        }
        return y
    }
}
