import TesseraCore

/// With further axes of size 1, at the places that they have in the result.
public struct Unsqueeze: SelectsInputs, CopyingOperator, Equatable {
    public static let name = "unsqueeze"
    public static let summary = "Axes of size 1 put in"
    public static let shapes = "x of any shape → the same with further 'axes' of size 1"
    public static let inputNames = ["x", "axes"]

    public var axes: [Int]?
    public var inputs: [String]?

    public init() {}

    public init(axes: [Int]) { self.axes = axes }

    public static let shorthandKey: String? = "axes"
    public static let keys: [Key<Unsqueeze>] = [
        Key("axes", \.axes, "the places of the new axes in the result"), inputsKey,
    ]

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let axes = try control.integers("axes") { op.axes = axes }
        return try control.eliding(op) { $0 == $1 }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    /// The places of the new axes.
    private func places(rank: Int) throws -> Set<Int> {
        guard let axes else { throw TesseraError(.invalidArgument, "'unsqueeze' misses its 'axes'") }
        let places = Set(try axes.map { try resolveAxis($0, rank: rank + axes.count, key: "axes") })
        guard places.count == axes.count else {
            throw TesseraError(.invalidArgument, "'axes' expects different axes, found \(axes)")
        }
        return places
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let places = try places(rank: inputs[0].rank)
        var sizes = inputs[0].dimensions[...]
        return [Shape((0..<inputs[0].rank + places.count).map { places.contains($0) ? 1 : sizes.removeFirst() })]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let places = try places(rank: inputs[0].rank)
        let ranges = region.ranges.enumerated().filter { !places.contains($0.offset) }.map(\.element)
        return OperatorTile(op: self, inputs: [Region(ranges)])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try inputs[0].reshaped(to: outputShapes(for: [inputs[0].shape])[0])]
    }
}
