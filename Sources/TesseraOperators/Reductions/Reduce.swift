import Foundation
import TesseraCore

/// All elements along some axes brought together: their mean Σx / n, sum Σx, largest, smallest, product Πx, l1 Σ|x|, l2 √Σx²,
/// sum_square Σx², log_sum log Σx or log_sum_exp log Σexp(x).
///
/// Of no elements, the sums are 0, the product is 1, the largest is the smallest number of the type, and the other way round.
/// Sums of integers wrap around; what has a fraction loses it.
public struct Reduce: SelectsInputs, Equatable {
    public static let name = "reduce"
    public static let summary = "Sum, mean, maximum and the like along some axes"
    public static let shapes = "x of any shape → size 1 along 'axes', or without them if 'keep_axes' is false"
    public static let inputNames = ["x", "axes"]

    public enum Function: String, ConfigurationChoice {
        case mean, sum, max, min, product, l1, l2
        case sumSquare = "sum_square"
        case logSum = "log_sum"
        case logSumExp = "log_sum_exp"
    }

    /// What it means to name no axes.
    public enum EmptyAxes: String, ConfigurationChoice {
        case all, none
    }

    public var function = Function.mean
    public var axes: [Int]?
    public var keepAxes = true
    public var emptyAxes = EmptyAxes.all
    public var inputs: [String]?

    public init() {}

    public init(_ function: Function, axes: [Int]? = nil, keepAxes: Bool = true, emptyAxes: EmptyAxes = .all) {
        (self.function, self.axes, self.keepAxes, self.emptyAxes) = (function, axes, keepAxes, emptyAxes)
    }

    /// Over batch and channels, every pixel is on its own.
    public var isSpatiallyLocal: Bool { axes.map { !$0.isEmpty && $0.allSatisfy { $0 == 0 || $0 == 1 } } ?? false }
    public static let keys: [Key<Reduce>] = [
        Key("function", \.function, "what becomes of the elements"),
        Key("axes", \.axes, "the axes along which they are brought together; all if left out"),
        Key("keep_axes", \.keepAxes, "whether these axes remain, with size 1"),
        Key("empty_axes", \.emptyAxes, "what it means to name no axes"),
        inputsKey,
    ]

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let axes = try control.integers("axes") { op.axes = axes }
        let isSelection = [.mean, .sum, .max, .min, .product].contains(op.function)
        return try control.eliding(op) { input, _ in try isSelection && op.axes(rank: input.rank).isEmpty }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        let takesTruth = function == .max || function == .min
        return [try commonType(of: Array(inputs.prefix(1))) { takesTruth || $0 != .bool }]
    }

    /// The axes along which elements are brought together.
    public func axes(rank: Int) throws -> Set<Int> {
        guard let axes, !axes.isEmpty else { return emptyAxes == .all ? Set(0..<rank) : [] }
        return Set(try axes.map { try resolveAxis($0, rank: rank, key: "axes") })
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let axes = try axes(rank: inputs[0].rank)
        let sizes = inputs[0].dimensions.enumerated().compactMap { axis, size in
            axes.contains(axis) ? (keepAxes ? 1 : nil) : size
        }
        return [Shape(sizes)]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axes = try axes(rank: inputs[0].rank)
        var rest = region.ranges[...]
        let ranges = inputs[0].dimensions.enumerated().map { axis, size -> Range<Int> in
            guard axes.contains(axis) else { return rest.removeFirst() }
            if keepAxes { rest.removeFirst() }
            return 0..<size
        }
        return OperatorTile(op: self, inputs: [Region(ranges)])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        let shape = try outputShapes(for: [x.shape])[0]
        let groups = try groups(of: x.shape)
        if let type = x.elementType.swiftType as? any (FixedWidthInteger & TensorElement).Type, hasIntegerForm {
            return [try integers(x, groups, type).reshaped(to: shape)]
        }
        let values = x.reals()
        // No number is beyond false and true.
        let isNone = x.elementType == .bool && groups.inner.isEmpty
        let reduced = groups.outer.map { first in
            isNone ? (function == .min ? 1 : 0) : reduce(values, groups.inner, from: first)
        }
        return [try Tensor(reals: reduced, shape: shape, elementType: x.elementType)]
    }

    /// Where the elements of each group begin, and how far from there they lie.
    private func groups(of shape: Shape) throws -> (outer: [Int], inner: [Int]) {
        let axes = try axes(rank: shape.rank)
        func offsets(_ kept: (Int) -> Bool) -> [Int] {
            zip(shape.tables, shape.dimensions.indices).filter { kept($1) }.map(\.0).reduce([0]) { starts, table in
                starts.flatMap { start in table.map { start + $0 } }
            }
        }
        return (offsets { !axes.contains($0) }, offsets { axes.contains($0) })
    }

    private func reduce(_ x: [Double], _ offsets: [Int], from first: Int) -> Double {
        func sum(_ term: (Double) -> Double) -> Double {
            var sum = 0.0
            for offset in offsets { sum += term(x[first + offset]) }
            return sum
        }
        switch function {
        case .mean: return sum { $0 } / Double(offsets.count)
        case .sum: return sum { $0 }
        case .max: return offsets.reduce(-.infinity) { Maximum().value($0, x[first + $1]) }
        case .min: return offsets.reduce(.infinity) { Minimum().value($0, x[first + $1]) }
        case .product: return offsets.reduce(1) { $0 * x[first + $1] }
        case .l1: return sum { abs($0) }
        case .l2: return sum { $0 * $0 }.squareRoot()
        case .sumSquare: return sum { $0 * $0 }
        case .logSum: return log(sum { $0 })
        case .logSumExp:
            let largest = offsets.reduce(-.infinity) { Maximum().value($0, x[first + $1]) }
            // Infinities remain what they are: their difference would be none.
            return largest.isFinite ? largest + log(sum { exp($0 - largest) }) : largest
        }
    }

    private var hasIntegerForm: Bool {
        switch function {
        case .l2, .logSum, .logSumExp: false
        default: true
        }
    }

    private func integers<Integer: FixedWidthInteger & TensorElement>(
        _ x: Tensor, _ groups: (outer: [Int], inner: [Int]), _ type: Integer.Type
    ) throws -> Tensor {
        let values = try x.elements(type)
        let reduced = try groups.outer.map { first in
            try reduce(groups.inner.map { values[first + $0] })
        }
        return try Tensor(elements: reduced, shape: [reduced.count])
    }

    private func reduce<Integer: FixedWidthInteger & TensorElement>(_ x: [Integer]) throws -> Integer {
        switch function {
        case .max: return x.max() ?? .min
        case .min: return x.min() ?? .max
        case .product: return x.reduce(1) { $0 &* $1 }
        case .l1: return x.reduce(0) { $0 &+ Absolute().integer($1) }
        case .sumSquare: return x.reduce(0) { $0 &+ $1 &* $1 }
        case .mean:
            guard !x.isEmpty else { throw TesseraError(.invalidArgument, "no integer is the mean of no elements") }
            return Integer(wrapping: x.reduce(Int64(0)) { $0 &+ $1.integer } / Int64(x.count))
        default: return x.reduce(0) { $0 &+ $1 }
        }
    }
}
