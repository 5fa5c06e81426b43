import TesseraCore

/// Inputs one after the other along an axis.
public struct Concat: CopyingOperator, Equatable {
    public static let name = "concat"
    public static let summary = "Inputs joined along an axis"

    public var axis = 1

    public init() {}

    public var inputCount: ClosedRange<Int> { 1...Int.max }
    /// Joined along batch or channels, every pixel stays where it is.
    public var isPointwise: Bool { axis == 0 || axis == 1 }
    public static let shorthandKey: String? = "axis"
    public static let keys: [Key<Concat>] = [Key("axis", \.axis, "the axis along which inputs are joined")]

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { _ in true }]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        var shape = inputs[0]
        shape[axis] = 0
        for input in inputs {
            guard input.rank == shape.rank,
                shape.dimensions.indices.allSatisfy({ $0 == axis || input[$0] == shape[$0] })
            else {
                throw TesseraError(
                    .shapeMismatch,
                    "expected inputs that differ along axis \(axis) only, found \(inputs.map(\.description).joined(separator: ", "))"
                )
            }
            shape[axis] += input[axis]
        }
        return [shape]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        var offset = 0
        let regions = inputs.map { input -> Region? in
            let own = offset..<offset + input[axis]
            offset += input[axis]
            guard own.overlaps(region[axis]) else { return nil }
            let part = own.clamped(to: region[axis])
            return region.replacing(
                axis: axis, with: part.lowerBound - own.lowerBound..<part.upperBound - own.lowerBound)
        }
        return OperatorTile(op: self, inputs: regions)
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try outputShapes(for: inputs.map(\.shape))[0]
        let axis = try resolveAxis(axis, rank: shape.rank)
        var result = try Tensor(zeros: shape, elementType: inputs[0].elementType)
        var offset = 0
        for input in inputs {
            let range = offset..<offset + input.shape[axis]
            try result.paste(input, at: Region(whole: shape).replacing(axis: axis, with: range))
            offset = range.upperBound
        }
        return [result]
    }
}
