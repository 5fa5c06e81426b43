import TesseraCore

/// The axes from `axis` to `last_axis` joined into one.
public struct Flatten: CopyingOperator, Equatable {
    public static let name = "flatten"
    public static let summary = "Several axes joined into one"
    public static let shapes = "x of any shape → the axes from 'axis' to 'last_axis' become one"

    public var axis = 1
    public var lastAxis = -1

    public init() {}

    public init(axis: Int, lastAxis: Int = -1) { (self.axis, self.lastAxis) = (axis, lastAxis) }

    public var isSpatiallyLocal: Bool { false }
    public static let shorthandKey: String? = "axis"
    public static let keys: [Key<Flatten>] = [
        Key("axis", \.axis, "the first axis that is joined"),
        Key("last_axis", \.lastAxis, "the last axis that is joined"),
    ]

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        try ControlInputs(inputs).eliding(self) { $0 == $1 }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    /// The axes that are joined.
    private func axes(of input: Shape) throws -> ClosedRange<Int> {
        let first = try resolveAxis(axis, rank: input.rank)
        let last = try resolveAxis(lastAxis, rank: input.rank, key: "last_axis")
        guard first <= last else {
            throw TesseraError(
                .invalidArgument, "expected 'last_axis' not to come before 'axis', found \(lastAxis) and \(axis)")
        }
        return first...last
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let axes = try axes(of: inputs[0])
        let dimensions = inputs[0].dimensions
        let joined = dimensions[axes].reduce(1, Shape.saturatingProduct)
        return [Shape(dimensions[..<axes.lowerBound] + [joined] + dimensions[(axes.upperBound + 1)...])]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axes = try axes(of: inputs[0])
        let whole = Region(whole: try outputShapes(for: inputs)[0])
        let first = axes.lowerBound
        guard region[first] == whole[first] else {
            throw TesseraError(.notSupported, "'flatten' cannot be cut along the axes it joins")
        }
        let joined = inputs[0].dimensions[axes].map { 0..<$0 }
        return OperatorTile(
            op: self, inputs: [Region(region.ranges[..<first] + joined + region.ranges[(first + 1)...])])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try inputs[0].reshaped(to: outputShapes(for: [inputs[0].shape])[0])]
    }
}
