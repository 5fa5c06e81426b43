import TesseraCore

/// The input several times, side by side, along each axis (ONNX's Tile).
public struct Repeat: SelectsInputs, Equatable {
    public static let name = "tile"
    public static let summary = "The input repeated along its axes"
    public static let shapes = "x of any shape → every size times its repeats"
    public static let inputNames = ["x", "repeats"]

    public var repeats: [Int]?
    public var inputs: [String]?

    public init() {}

    public init(repeats: [Int]) { self.repeats = repeats }

    public static let shorthandKey: String? = "repeats"
    public static let keys: [Key<Repeat>] = [
        Key("repeats", \.repeats, "how many times the input stands along each axis"), inputsKey,
    ]

    public func validate() throws {
        guard repeats?.allSatisfy({ $0 >= 0 }) ?? true else {
            throw TesseraError(.invalidArgument, "expected 'repeats' from 0, found \(repeats ?? [])")
        }
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let repeats = try control.integers("repeats") { op.repeats = repeats }
        try op.validate()
        return try control.eliding(op) { $0 == $1 }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        guard let repeats else { throw TesseraError(.invalidArgument, "'tile' misses its 'repeats'") }
        guard repeats.count == inputs[0].rank else {
            throw TesseraError(
                .shapeMismatch, "expected 'repeats' for each axis of an input of \(inputs[0]), found \(repeats)")
        }
        return [Shape(zip(inputs[0].dimensions, repeats).map(Shape.saturatingProduct))]
    }

    /// A part is the input padded with itself.
    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let whole = inputs[0]
        let pad = Pad(
            axes: Array(0..<whole.rank), before: [Int](repeating: 0, count: whole.rank),
            after: zip(try outputShapes(for: inputs)[0].dimensions, whole.dimensions).map { $0 - $1 }, mode: .wrap)
        // A part of a later repetition is as well one of the first.
        let shifted = zip(region.ranges, whole.dimensions).map { range, size in
            let start = range.lowerBound % size
            return start..<start + range.count
        }
        return try pad.tile(Region(shifted), ofOutput: 0, inputs: inputs)
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let shape = try outputShapes(for: [inputs[0].shape])[0]
        let tables = zip(shape.dimensions, inputs[0].shape.dimensions).map { size, period in
            (0..<size).map { $0 % period }
        }
        let strided = zip(tables, inputs[0].shape.strides).map { table, stride in table.map { $0 * stride } }
        return [try inputs[0].elements(atSumsOf: strided)]
    }
}
