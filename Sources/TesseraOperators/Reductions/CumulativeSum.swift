import TesseraCore

/// The sum of all elements up to each one along an axis: with it, or without (`exclusive`); from the first one on, or from the last
/// (`reverse`). Integers wrap around.
public struct CumulativeSum: SelectsInputs, Equatable {
    public static let name = "cumulative_sum"
    public static let summary = "Sums of all elements up to each one along an axis"
    public static let inputNames = ["x", "axis"]

    public var axis = 0
    public var exclusive = false
    public var reverse = false
    public var inputs: [String]?

    public init() {}

    public init(axis: Int, exclusive: Bool = false, reverse: Bool = false) {
        (self.axis, self.exclusive, self.reverse) = (axis, exclusive, reverse)
    }

    /// Over batch or channels, every pixel is on its own.
    public var isSpatiallyLocal: Bool { axis == 0 || axis == 1 }
    public static let shorthandKey: String? = "axis"
    public static let keys: [Key<CumulativeSum>] = [
        Key("axis", \.axis, "the axis along which elements are summed"),
        Key("exclusive", \.exclusive, "whether each element is left out of its own sum"),
        Key("reverse", \.reverse, "whether sums begin at the end"),
        inputsKey,
    ]

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let axis = try control.integer("axis") { op.axis = axis }
        return try control.resolution(op)
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: Array(inputs.prefix(1))) { $0 != .bool }]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        _ = try resolveAxis(axis, rank: inputs[0].rank)
        return [inputs[0]]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        guard region[axis].count == inputs[0][axis] else {
            throw TesseraError(.notSupported, "'cumulative_sum' cannot be cut along the axis it sums over")
        }
        return OperatorTile(op: self, inputs: [region])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        let lines = try Lines(x.shape, axis: axis)
        if x.elementType.isFloatingPoint {
            let sums = sums(x.reals(), lines, zero: 0, +)
            return [try Tensor(reals: sums, shape: x.shape, elementType: x.elementType)]
        }
        let sums = sums(x.integers(), lines, zero: 0, &+)
        return [try Tensor(integers: sums, shape: x.shape, elementType: x.elementType)]
    }

    private func sums<Number>(
        _ x: [Number], _ lines: Lines, zero: Number, _ add: (Number, Number) -> Number
    ) -> [Number] {
        var result = x
        for start in lines.starts {
            var sum = zero
            for step in 0..<lines.size {
                let offset = start + (reverse ? lines.size - 1 - step : step) * lines.stride
                let next = add(sum, x[offset])
                result[offset] = exclusive ? sum : next
                sum = next
            }
        }
        return result
    }
}
