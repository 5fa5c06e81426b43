import TesseraCore

/// Without axes of size 1.
public struct Squeeze: SelectsInputs, CopyingOperator, Equatable {
    public static let name = "squeeze"
    public static let summary = "Axes of size 1 removed"
    public static let shapes = "x of any shape → the same without 'axes'"
    public static let inputNames = ["x", "axes"]

    public var axes: [Int]?
    public var inputs: [String]?

    public init() {}

    public init(axes: [Int]?) { self.axes = axes }

    public static let shorthandKey: String? = "axes"
    public static let keys: [Key<Squeeze>] = [
        Key("axes", \.axes, "the axes that are removed; all of size 1 if left out"), inputsKey,
    ]

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let axes = try control.integers("axes") { op.axes = axes }
        return try control.eliding(op) { $0 == $1 }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    /// The axes that remain.
    private func kept(of input: Shape) throws -> [Int] {
        guard let axes else { return input.dimensions.indices.filter { input[$0] != 1 } }
        let removed = Set(try axes.map { try resolveAxis($0, rank: input.rank, key: "axes") })
        for axis in removed.sorted() where input[axis] != 1 {
            throw TesseraError(.shapeMismatch, "expected axis \(axis) to have one element, found \(input)")
        }
        return input.dimensions.indices.filter { !removed.contains($0) }
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        [Shape(try kept(of: inputs[0]).map { inputs[0][$0] })]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let kept = try kept(of: inputs[0])
        var input = Region(whole: inputs[0])
        for (place, axis) in kept.enumerated() { input[axis] = region[place] }
        // A part may have further axes of size 1, which remain.
        let op = Squeeze(axes: input.ranges.indices.filter { !kept.contains($0) })
        return OperatorTile(op: op, inputs: [input])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try inputs[0].reshaped(to: outputShapes(for: [inputs[0].shape])[0])]
    }
}
