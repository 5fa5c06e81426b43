import TesseraCore

/// Every `step`-th element from `start` to before `end` along some axes. Negative positions count from the end.
public struct Slice: Operator, Equatable {
    public static let name = "slice"
    public static let summary = "A range of elements, with steps"

    public var axes: [Int] = []
    public var starts: [Int]?
    public var ends: [Int]?
    public var steps: [Int]?

    public init() {}

    public init(axes: [Int], starts: [Int]? = nil, ends: [Int]? = nil, steps: [Int]? = nil) {
        (self.axes, self.starts, self.ends, self.steps) = (axes, starts, ends, steps)
    }

    public static let keys: [Key<Slice>] = [
        Key(required: "axes", \.axes, "the axes that are cut"),
        Key("starts", \.starts, "the first element of each; 0 if left out"),
        Key("ends", \.ends, "the element before which each ends; the size if left out"),
        Key("steps", \.steps, "the distance between elements of each; 1 if left out"),
    ]

    public func validate() throws {
        for (key, values) in [("starts", starts), ("ends", ends), ("steps", steps)] {
            guard values == nil || values?.count == axes.count else {
                throw TesseraError(
                    .invalidArgument, "expected as many '\(key)' as 'axes' (\(axes.count)), found \(values ?? [])")
            }
        }
        guard steps?.allSatisfy({ $0 >= 1 }) ?? true else {
            throw TesseraError(.invalidArgument, "expected 'steps' of at least 1, found \(steps ?? [])")
        }
    }

    /// The positions that are taken of one axis.
    public struct Positions: Sendable, Equatable {
        public var start: Int
        public var step: Int
        public var count: Int
    }

    /// The positions that are taken of each axis of an input.
    public func positions(of input: Shape) throws -> [Positions] {
        var result = input.dimensions.map { Positions(start: 0, step: 1, count: $0) }
        for (index, axis) in axes.enumerated() {
            let axis = try resolveAxis(axis, rank: input.rank, key: "axes")
            let size = input[axis]
            func clamped(_ position: Int) -> Int { min(max(position < 0 ? position + size : position, 0), size) }
            let (start, end) = (clamped(starts?[index] ?? 0), clamped(ends?[index] ?? size))
            let step = steps?[index] ?? 1
            result[axis] = Positions(start: start, step: step, count: max(0, (end - start + step - 1) / step))
        }
        return result
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        [Shape(try positions(of: inputs[0]).map(\.count))]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let positions = try positions(of: inputs[0])
        let ranges = zip(region.ranges, positions).map { range, position in
            position.start + range.lowerBound * position.step..<position.start + (range.upperBound - 1) * position.step
                + 1
        }
        let op = Slice(axes: Array(0..<region.rank), steps: positions.map(\.step))
        return OperatorTile(op: op, inputs: [Region(ranges)])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let positions = try positions(of: inputs[0].shape)
        let strides = inputs[0].shape.strides
        let shape = Shape(positions.map(\.count))
        var offsets: [Int] = []
        offsets.reserveCapacity(shape.elementCount)
        shape.forEachIndex { index in
            offsets.append(
                index.indices.reduce(0) { $0 + (positions[$1].start + index[$1] * positions[$1].step) * strides[$1] })
        }
        return [try inputs[0].elements(at: offsets, shape: shape)]
    }
}
