import TesseraCore

/// The slices of x along an axis that `indices` name, in the shape of `indices`. Negative indices count from the end.
public struct Gather: Operator, Equatable {
    public static let name = "gather"
    public static let summary = "Slices along an axis, picked by indices"
    public static let shapes = "x of any shape, indices of any shape → x with the shape of indices in place of 'axis'"
    public static let inputNames = ["x", "indices"]

    public var axis = 0

    public init() {}

    public init(axis: Int) { self.axis = axis }

    public var inputCount: ClosedRange<Int> { 2...2 }
    /// Indices say nothing of which part of an axis they pick.
    public var isSpatiallyLocal: Bool { axis == 0 || axis == 1 }
    public static let shorthandKey: String? = "axis"
    public static let keys: [Key<Gather>] = [Key("axis", \.axis, "the axis that indices count along")]

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        guard inputs[1].isInteger else {
            throw TesseraError(.notSupported, "expected indices of integers, found \(inputs[1])")
        }
        return [inputs[0]]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        let x = inputs[0].dimensions
        return [Shape(x[..<axis] + inputs[1].dimensions + x[(axis + 1)...])]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        let picked = axis..<axis + inputs[1].rank
        let x = region.ranges[..<axis] + [0..<inputs[0][axis]] + region.ranges[picked.upperBound...]
        return OperatorTile(op: self, inputs: [Region(Array(x)), Region(Array(region.ranges[picked]))])
    }

    /// - Throws: `invalidArgument` for an index that the axis does not have.
    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        let axis = try resolveAxis(axis, rank: x.shape.rank)
        let size = x.shape[axis]
        var tables = x.shape.tables
        tables[axis] = try inputs[1].integers().map { index in
            guard index >= -Int64(size), index < size else {
                throw TesseraError(
                    .invalidArgument, "expected indices from \(-size) to before \(size), found \(index)")
            }
            return Int(index < 0 ? index + Int64(size) : index) * x.shape.strides[axis]
        }
        let shape = try outputShapes(for: inputs.map(\.shape))[0]
        return [try x.elements(atSumsOf: tables).reshaped(to: shape)]
    }
}
