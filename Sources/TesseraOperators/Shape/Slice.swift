import TesseraCore

/// Every `step`-th element from `start` to before `end` along some axes; backwards with a negative step. Negative positions
/// count from the end.
public struct Slice: SelectsInputs, CopyingOperator, Equatable {
    public static let name = "slice"
    public static let summary = "A range of elements, with steps"
    public static let shapes = "x of any shape → as many elements of 'axes' as the ranges have"
    public static let inputNames = ["x", "starts", "ends", "axes", "steps"]

    public var axes: [Int]?
    public var starts: [Int]?
    public var ends: [Int]?
    public var steps: [Int]?
    public var inputs: [String]?

    public init() {}

    public init(axes: [Int], starts: [Int]? = nil, ends: [Int]? = nil, steps: [Int]? = nil) {
        (self.axes, self.starts, self.ends, self.steps) = (axes, starts, ends, steps)
    }

    public static let keys: [Key<Slice>] = [
        Key("axes", \.axes, "the axes that are cut; the first ones if left out"),
        Key("starts", \.starts, "the first element of each; where the step comes from if left out"),
        Key("ends", \.ends, "the element before which each ends; the last if left out"),
        Key("steps", \.steps, "the distance between elements of each, negative to go backwards; 1 if left out"),
        inputsKey,
    ]

    public func validate() throws {
        let count = axes?.count ?? starts?.count ?? ends?.count ?? steps?.count ?? 0
        for (key, values) in [("starts", starts), ("ends", ends), ("steps", steps)] {
            guard values == nil || values?.count == count else {
                throw TesseraError(
                    .invalidArgument, "expected as many '\(key)' as 'axes' (\(count)), found \(values ?? [])")
            }
        }
        guard steps?.allSatisfy({ $0 != 0 }) ?? true else {
            throw TesseraError(.invalidArgument, "expected 'steps' other than 0, found \(steps ?? [])")
        }
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let starts = try control.integers("starts") { op.starts = starts }
        if let ends = try control.integers("ends") { op.ends = ends }
        if let axes = try control.integers("axes") { op.axes = axes }
        if let steps = try control.integers("steps") { op.steps = steps }
        try op.validate()
        return try control.eliding(op) { input, output in
            try input == output && op.positions(of: input).allSatisfy { $0.step == 1 }
        }
    }

    /// The positions that are taken of one axis.
    public struct Positions: Sendable, Equatable {
        public var start: Int
        /// 1 where no more than one element is taken.
        public var step: Int
        public var count: Int

        /// From the first to before the last position in the order of the axis, whatever the direction.
        public var range: Range<Int> {
            let last = start + max(0, count - 1) * step
            return min(start, last)..<min(start, last) + (count == 0 ? 0 : abs(last - start) + 1)
        }

        fileprivate init(start: Int, end: Int, step: Int) {
            let distance = step > 0 ? end - start : start - end
            count = distance <= 0 ? 0 : Int((UInt(distance) - 1) / step.magnitude) + 1
            self.start = start
            self.step = count > 1 ? step : 1
        }
    }

    /// The positions that are taken of each axis of an input.
    public func positions(of input: Shape) throws -> [Positions] {
        var result = input.dimensions.map { Positions(start: 0, end: $0, step: 1) }
        let count = starts?.count ?? ends?.count ?? steps?.count ?? 0
        var seen: Set<Int> = []
        for (index, axis) in (axes ?? Array(0..<count)).enumerated() {
            let axis = try resolveAxis(axis, rank: input.rank, key: "axes")
            guard seen.insert(axis).inserted else {
                throw TesseraError(.invalidArgument, "'axes' names axis \(axis) twice")
            }
            let size = input[axis]
            let step = steps?[index] ?? 1
            // Backwards, the first element may be the last of the axis, and the end may be before its first.
            let limits = step > 0 ? 0...size : -1...max(-1, size - 1)
            func clamped(_ position: Int) -> Int {
                min(max(position < 0 ? position + size : position, limits.lowerBound), limits.upperBound)
            }
            let start = starts.map { clamped($0[index]) } ?? (step > 0 ? limits.lowerBound : limits.upperBound)
            let end = ends.map { clamped($0[index]) } ?? (step > 0 ? limits.upperBound : limits.lowerBound)
            result[axis] = Positions(start: start, end: end, step: step)
        }
        return result
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        [Shape(try positions(of: inputs[0]).map(\.count))]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let positions = try positions(of: inputs[0])
        let ranges = zip(region.ranges, positions).map { range, position in
            var part = position
            (part.start, part.count) = (position.start + range.lowerBound * position.step, range.count)
            return part.range
        }
        let op = Slice(axes: Array(0..<region.rank), steps: positions.map(\.step))
        return OperatorTile(op: op, inputs: [Region(ranges)])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let tables = zip(try positions(of: inputs[0].shape), inputs[0].shape.strides).map { positions, stride in
            (0..<positions.count).map { (positions.start + $0 * positions.step) * stride }
        }
        return [try inputs[0].elements(atSumsOf: tables)]
    }
}
