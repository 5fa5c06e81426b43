import TesseraCore

/// Elements put before and after some axes: a constant, or elements of the input. A negative amount drops elements.
public struct Pad: SelectsInputs, CopyingOperator, Equatable {
    public static let name = "pad"
    public static let summary = "Elements around the input"
    public static let shapes = "x of any shape → 'axes' grow by what is before and after"
    public static let inputNames = ["x", "amounts", "value", "axes"]

    /// What stands beyond the border, for x = 1 2 3.
    public enum Mode: String, ConfigurationChoice {
        /// `value`.
        case constant
        /// 3 2 | 1 2 3 | 2 1: mirrored at the centre of the outermost elements.
        case reflect
        /// 1 1 | 1 2 3 | 3 3: the outermost elements.
        case edge
        /// 2 3 | 1 2 3 | 1 2: from the beginning again.
        case wrap
    }

    public var axes: [Int]?
    public var before: [Int]?
    public var after: [Int]?
    public var value: Double = 0
    public var mode = Mode.constant
    public var inputs: [String]?

    public init() {}

    public init(axes: [Int], before: [Int], after: [Int], value: Double = 0, mode: Mode = .constant) {
        (self.axes, self.before, self.after, self.value, self.mode) = (axes, before, after, value, mode)
    }

    public static let keys: [Key<Pad>] = [
        Key("axes", \.axes, "the axes that are padded; all if left out"),
        Key("before", \.before, "elements before each of them; 0 if left out"),
        Key("after", \.after, "elements after each of them; 0 if left out"),
        Key("value", \.value, "the constant"),
        Key("mode", \.mode, "what the elements are"),
        inputsKey,
    ]

    public func validate() throws {
        let counts = [axes?.count, before?.count, after?.count].compactMap { $0 }
        guard Set(counts).count <= 1 else {
            throw TesseraError(
                .invalidArgument,
                "expected as many 'before' and 'after' as 'axes', found \(before ?? []), \(after ?? []) and \(axes ?? [])"
            )
        }
    }

    /// The amounts come in ONNX's order: those before all axes, then those after them.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let axes = try control.integers("axes") { op.axes = axes }
        if let amounts = try control.integers("amounts") {
            guard amounts.count % 2 == 0 else {
                throw TesseraError(.shapeMismatch, "expected two 'amounts' for each axis, found \(amounts.count)")
            }
            op.before = Array(amounts.prefix(amounts.count / 2))
            op.after = Array(amounts.suffix(amounts.count / 2))
        }
        if let value = try control.number("value") { op.value = value }
        try op.validate()
        return try control.eliding(op) { input, _ in
            try op.amounts(rank: input.rank).allSatisfy { $0.before == 0 && $0.after == 0 }
        }
    }

    var marked: any Operator {
        var op = self
        op.value = -1
        return op
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let sizes = zip(inputs[0].dimensions, try amounts(rank: inputs[0].rank)).map { $0 + $1.before + $1.after }
        guard sizes.allSatisfy({ $0 >= 0 }) else {
            throw TesseraError(.shapeMismatch, "inputs of \(inputs[0]) leave nothing: the output would be \(sizes)")
        }
        if mode != .constant, let axis = sizes.indices.first(where: { inputs[0][$0] == 0 && sizes[$0] > 0 }) {
            throw TesseraError(.shapeMismatch, "axis \(axis) of \(inputs[0]) has no elements to pad with")
        }
        return [Shape(sizes)]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let parts = zip(region.ranges, zip(inputs[0].dimensions, try amounts(rank: inputs[0].rank))).map {
            part($0, size: $1.0, before: $1.1.before)
        }
        let op = Pad(
            axes: Array(0..<region.rank), before: parts.map(\.before), after: parts.map(\.after), value: value,
            mode: mode)
        return OperatorTile(op: op, inputs: [Region(parts.map(\.range))])
    }

    /// The range of an axis that a range of the padded one needs, and the padding around that part.
    private func part(_ range: Range<Int>, size: Int, before: Int) -> (range: Range<Int>, before: Int, after: Int) {
        let (low, high) = (range.lowerBound - before, range.upperBound - before)
        let input = needed(from: low, to: high, size: size)
        return (input, input.lowerBound - low, high - input.upperBound)
    }

    /// The elements of an axis that positions from `low` to before `high` are copied from, and those up to a border beyond
    /// which some of them lie: never nothing.
    private func needed(from low: Int, to high: Int, size: Int) -> Range<Int> {
        let isInside = low >= 0 && high <= size
        switch mode {
        case .constant, .edge:
            // Where all is padding, the nearest element is kept.
            let start = min(max(low, 0), size - 1)
            return start..<max(min(high, size), start + 1)
        case .wrap:
            return isInside ? low..<high : 0..<size
        case .reflect:
            if isInside { return low..<high }
            // Mirrored at both borders, or more than once.
            if (low < 0 && high > size) || low <= -size || high >= 2 * size { return 0..<size }
            if low < 0 { return 0..<max(high, 1 - low) }
            return min(low, 2 * (size - 1) - (high - 1))..<size
        }
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let input = inputs[0]
        let shape = try outputShapes(for: [input.shape])[0]
        let amounts = try amounts(rank: input.shape.rank)
        let tables = shape.dimensions.indices.map { axis in
            (0..<shape[axis]).map { position -> Int in
                let source = source(of: position - amounts[axis].before, size: input.shape[axis])
                return source < 0 ? -1 : source * input.shape.strides[axis]
            }
        }
        let filler = try Tensor(reals: [value], shape: [], elementType: input.elementType)
        return [try input.elements(atSumsOf: tables, filler: filler)]
    }

    /// The element of an axis that stands at a position that may lie beyond it; -1 for the constant.
    private func source(of position: Int, size: Int) -> Int {
        if (0..<size).contains(position) { return position }
        switch mode {
        case .constant: return -1
        case .edge: return min(max(position, 0), size - 1)
        case .wrap: return remainder(position, size)
        case .reflect:
            let period = max(1, 2 * (size - 1))
            let place = remainder(position, period)
            return min(place, period - place)
        }
    }

    /// From 0 to before `period`.
    private func remainder(_ position: Int, _ period: Int) -> Int { ((position % period) + period) % period }

    /// Padding before and after each axis of the input.
    ///
    /// - Throws: `invalidArgument` for an axis that the input does not have, or one named twice.
    public func amounts(rank: Int) throws -> [(before: Int, after: Int)] {
        var amounts = [(before: Int, after: Int)](repeating: (0, 0), count: rank)
        if axes == nil, let count = before?.count ?? after?.count, count != rank {
            throw TesseraError(
                .shapeMismatch, "expected padding for each axis of an input with \(rank) axes, found \(count)")
        }
        var seen: Set<Int> = []
        for (index, axis) in (axes ?? Array(0..<rank)).enumerated() {
            let axis = try resolveAxis(axis, rank: rank, key: "axes")
            guard seen.insert(axis).inserted else {
                throw TesseraError(.invalidArgument, "'axes' names axis \(axis) twice")
            }
            amounts[axis] = (before?[index] ?? 0, after?[index] ?? 0)
        }
        return amounts
    }
}
