import TesseraCore

/// All axes from `axis` on joined into one.
public struct Flatten: Operator, Equatable {
    public static let name = "flatten"
    public static let summary = "All axes from one on joined into one"

    public var axis = 1

    public init() {}

    public var isSpatiallyLocal: Bool { false }
    public static let shorthandKey: String? = "axis"
    public static let keys: [Key<Flatten>] = [Key("axis", \.axis, "the first axis that is joined")]

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        let dimensions = inputs[0].dimensions
        return [Shape(dimensions[..<axis] + [dimensions[axis...].reduce(1, Shape.saturatingProduct)])]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        let whole = Region(whole: try outputShapes(for: inputs)[0])
        guard region[axis] == whole[axis] else {
            throw TesseraError(.notSupported, "'flatten' cannot be cut along the axes it joins")
        }
        return OperatorTile(
            op: self, inputs: [Region(region.ranges[..<axis] + inputs[0].dimensions[axis...].map { 0..<$0 })])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try inputs[0].reshaped(to: outputShapes(for: [inputs[0].shape])[0])]
    }
}
