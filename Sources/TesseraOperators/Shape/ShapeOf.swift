import TesseraCore

/// The sizes of x, from axis `start` to before `end`. Nothing but the shape is read: it is a constant once that is known.
public struct ShapeOf: Operator, Equatable {
    public static let name = "shape"
    public static let summary = "The sizes of the input"
    public static let shapes = "x of any shape → [its number of axes from 'start' to 'end']"

    public var start = 0
    public var end: Int?

    public init() {}

    public init(start: Int = 0, end: Int? = nil) { (self.start, self.end) = (start, end) }

    public var isSpatiallyLocal: Bool { false }
    public static let keys: [Key<ShapeOf>] = [
        Key("start", \.start, "the first axis"),
        Key("end", \.end, "the axis before which it ends; the last if left out"),
    ]

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution { try .constant(sizes(of: inputs[0].shape)) }
    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [.i64] }
    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { [try sizes(of: inputs[0]).shape] }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        [try sizes(of: inputs[0].shape)]
    }

    private func sizes(of input: Shape) throws -> Tensor {
        let rank = input.rank
        func clamped(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
        let (first, last) = (clamped(start), clamped(end ?? rank))
        let sizes = input.dimensions[first..<max(first, last)]
        return try Tensor(integers: sizes.map(Int64.init), shape: [sizes.count])
    }
}

extension Resolution {
    /// A tensor that is known, whatever the inputs hold.
    static func constant(_ tensor: Tensor) -> Resolution {
        .layer(Constant(tensor), inputs: [], parameters: ["value": tensor])
    }
}
