import TesseraCore

/// The k largest (or smallest) elements along an axis in order, and their indices along it. Of equal elements, the one with the
/// lower index comes first; NaN counts as the largest of all.
public struct TopK: SelectsInputs, Equatable {
    public static let name = "top_k"
    public static let summary = "The largest elements along an axis, with their indices"
    public static let shapes = "x of any shape → values and indices, both of size k along 'axis'"
    public static let inputNames = ["x", "k"]
    public var outputNames: [String] { ["values", "indices"] }

    public var k: Int?
    public var axis = -1
    public var largest = true
    public var sorted = true
    public var inputs: [String]?

    public init() {}

    public init(k: Int, axis: Int = -1, largest: Bool = true) { (self.k, self.axis, self.largest) = (k, axis, largest) }

    public var isSpatiallyLocal: Bool { false }
    public static let shorthandKey: String? = "k"
    public static let keys: [Key<TopK>] = [
        Key("k", \.k, "how many elements"),
        Key("axis", \.axis, "the axis along which elements are compared"),
        Key("largest", \.largest, "whether they are the largest, or the smallest"),
        Key("sorted", \.sorted, "whether their order matters; they are always sorted"),
        inputsKey,
    ]

    public func validate() throws {
        guard k ?? 0 >= 0 else { throw TesseraError(.invalidArgument, "expected 'k' from 0, found \(k ?? 0)") }
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let k = try control.integer("k") { op.k = k }
        try op.validate()
        return try control.resolution(op)
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { $0 != .bool }, .i64]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard let k else { throw TesseraError(.invalidArgument, "'top_k' misses its 'k'") }
        var shape = inputs[0]
        let axis = try resolveAxis(axis, rank: shape.rank)
        guard k <= shape[axis] else {
            throw TesseraError(.shapeMismatch, "expected at least \(k) elements along axis \(axis), found \(shape)")
        }
        shape[axis] = k
        return [shape, shape]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        let shape = try outputShapes(for: [x.shape])[0]
        let axis = try resolveAxis(axis, rank: shape.rank)
        let lines = try Lines(x.shape, axis: axis)
        let indices: [[Int]]
        if x.elementType.isFloatingPoint {
            let values = x.reals()
            indices = order(values, lines, k: shape[axis]) { $0 > $1 || ($0.isNaN && !$1.isNaN) }
        } else if x.elementType == .u64 {
            indices = try order(x.elements(UInt64.self), lines, k: shape[axis], isLarger: >)
        } else {
            indices = order(x.integers(), lines, k: shape[axis], isLarger: >)
        }
        // Made line by line; the axis has its own place among the others.
        let targets = try Lines(shape, axis: axis)
        var offsets = [Int](repeating: 0, count: shape.elementCount)
        var places = [Int64](repeating: 0, count: shape.elementCount)
        for (line, found) in indices.enumerated() {
            for (rank, index) in found.enumerated() {
                let target = targets.starts[line] + rank * targets.stride
                offsets[target] = lines.starts[line] + index * lines.stride
                places[target] = Int64(index)
            }
        }
        return [try x.elements(at: offsets, shape: shape), try Tensor(integers: places, shape: shape)]
    }

    private func order<Number>(
        _ x: [Number], _ lines: Lines, k: Int, isLarger: (Number, Number) -> Bool
    ) -> [[Int]] {
        lines.starts.map { start in
            let sorted = (0..<lines.size).sorted { first, second in
                let (a, b) = (x[start + first * lines.stride], x[start + second * lines.stride])
                let (before, after) = largest ? (isLarger(a, b), isLarger(b, a)) : (isLarger(b, a), isLarger(a, b))
                return before || (!after && first < second)
            }
            return Array(sorted.prefix(k))
        }
    }
}
