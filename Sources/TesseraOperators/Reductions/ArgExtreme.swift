import TesseraCore

/// An operator that finds where along an axis the largest or the smallest element stands.
public protocol ArgExtreme: Operator {
    var axis: Int { get }
    var keepAxis: Bool { get }
    var lastIndex: Bool { get }
    /// Whether a number is to be found rather than another.
    func precedes<Number: Comparable>(_ a: Number, _ b: Number) -> Bool
}

extension ArgExtreme {
    public static var shapes: String { "x of any shape → size 1 along 'axis', or without it if 'keep_axis' is false" }
    public static var shorthandKey: String? { "axis" }
    /// Over batch or channels, every pixel is on its own.
    public var isSpatiallyLocal: Bool { axis == 0 || axis == 1 }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        _ = try commonType(of: inputs) { $0 != .bool }
        return [.i64]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        guard inputs[0][axis] > 0 else {
            throw TesseraError(.shapeMismatch, "expected elements along axis \(axis), found \(inputs[0])")
        }
        var shape = inputs[0]
        if keepAxis { shape[axis] = 1 } else { shape.dimensions.remove(at: axis) }
        return [shape]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        var input = region
        if keepAxis { input.ranges.remove(at: axis) }
        input.ranges.insert(0..<inputs[0][axis], at: axis)
        return OperatorTile(op: self, inputs: [input])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        let shape = try outputShapes(for: [x.shape])[0]
        let lines = try Lines(x.shape, axis: axis)
        let indices: [Int64]
        if x.elementType.isFloatingPoint {
            let values = x.reals()
            // NaN is found before all numbers, as in NumPy.
            indices = find(values, lines) { $0.isNaN ? !$1.isNaN : precedes($0, $1) && !$1.isNaN }
        } else if x.elementType == .u64 {
            indices = try find(x.elements(UInt64.self), lines) { precedes($0, $1) }
        } else {
            indices = find(x.integers(), lines) { precedes($0, $1) }
        }
        return [try Tensor(integers: indices, shape: shape)]
    }

    private func find<Number>(_ x: [Number], _ lines: Lines, _ isBetter: (Number, Number) -> Bool) -> [Int64] {
        lines.starts.map { start in
            var best = 0
            for index in 1..<max(1, lines.size) {
                let (new, old) = (x[start + index * lines.stride], x[start + best * lines.stride])
                if lastIndex ? !isBetter(old, new) : isBetter(new, old) { best = index }
            }
            return Int64(best)
        }
    }
}

/// The lines of elements along an axis of a tensor.
struct Lines {
    /// The elements of each line, and how far apart they lie.
    let size: Int
    let stride: Int
    /// Where the lines begin, in row-major order.
    let starts: [Int]

    init(_ shape: Shape, axis: Int) throws {
        let axis = try resolveAxis(axis, rank: shape.rank)
        let step = shape.strides[axis]
        (size, stride) = (shape[axis], step)
        let length = size * step
        let outer = shape.dimensions[..<axis].reduce(1, *)
        starts = (0..<outer).flatMap { block in (0..<step).map { block * length + $0 } }
    }
}
