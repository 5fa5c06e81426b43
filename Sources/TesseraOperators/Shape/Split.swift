import TesseraCore

/// Parts of the input, one after the other along an axis: equal ones, of which the last may be smaller, or ones of given sizes.
public struct Split: SelectsInputs, CopyingOperator, Equatable {
    public static let name = "split"
    public static let summary = "The input cut into parts along an axis"
    public static let shapes =
        "x of any shape → as many outputs as parts, which differ along 'axis' only: LAYER, LAYER.1, LAYER.2, …"
    public static let inputNames = ["x", "sizes"]

    public var axis = 1
    public var parts: Int?
    public var sizes: [Int]?
    public var inputs: [String]?

    public init() {}

    public init(axis: Int = 1, parts: Int) { (self.axis, self.parts) = (axis, parts) }
    public init(axis: Int = 1, sizes: [Int]) { (self.axis, self.sizes) = (axis, sizes) }

    /// Named by number. There is at least one.
    public var outputNames: [String] { (0..<max(1, parts ?? sizes?.count ?? 1)).map(String.init) }

    /// Along batch or channels, every pixel stays where it is.
    public var isPointwise: Bool { axis == 0 || axis == 1 }
    public static let keys: [Key<Split>] = [
        Key("axis", \.axis, "the axis that is cut"),
        Key("parts", \.parts, "how many parts; as many as 'sizes' if left out"),
        Key("sizes", \.sizes, "the size of every part; equal if left out"),
        inputsKey,
    ]

    /// Far more than any network has; every part is a value with a name.
    private static let limit = 1 << 16

    public func validate() throws {
        guard let count = parts ?? sizes?.count else {
            throw TesseraError(.invalidArgument, "expected 'parts' or 'sizes'")
        }
        guard (1...Self.limit).contains(count) else {
            throw TesseraError(.invalidArgument, "expected 1 to \(Self.limit) parts, found \(count)")
        }
        if let parts, let sizes, parts != sizes.count {
            throw TesseraError(.invalidArgument, "expected as many 'sizes' as 'parts' (\(parts)), found \(sizes)")
        }
        guard sizes?.allSatisfy({ $0 >= 0 }) ?? true else {
            throw TesseraError(.invalidArgument, "expected 'sizes' from 0, found \(sizes ?? [])")
        }
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let sizes = try control.integers("sizes") {
            guard sizes.count == outputNames.count else {
                throw TesseraError(
                    .invalidArgument, "expected the sizes of \(outputNames.count) parts, found \(sizes)")
            }
            op.sizes = sizes
        }
        try op.validate()
        return try control.eliding(op) { $0 == $1 && op.outputNames.count == 1 }
    }

    /// Where each part lies along the axis.
    ///
    /// - Throws: `shapeMismatch` if the parts do not amount to the input.
    public func ranges(of input: Shape) throws -> [Range<Int>] {
        let size = input[try resolveAxis(axis, rank: input.rank)]
        let count = outputNames.count
        let part = (size + count - 1) / count
        let sizes = sizes ?? (0..<count).map { $0 < count - 1 ? part : size - part * (count - 1) }
        guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, Shape.saturatingSum) == size else {
            throw TesseraError(
                .shapeMismatch, "expected an axis of \(size) to be the sum of its \(count) parts, found \(sizes)")
        }
        var end = 0
        return sizes.map { size in
            defer { end += size }
            return end..<end + size
        }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { outputNames.map { _ in inputs[0] } }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        try regions(of: inputs[0]).map(\.shape)
    }

    /// The region of the input that is each output.
    public func regions(of input: Shape) throws -> [Region] {
        let axis = try resolveAxis(axis, rank: input.rank)
        return try ranges(of: input).map { Region(whole: input).replacing(axis: axis, with: $0) }
    }

    /// A region of the input, as it is.
    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let axis = try resolveAxis(axis, rank: inputs[0].rank)
        let start = try ranges(of: inputs[0])[output].lowerBound
        let range = start + region[axis].lowerBound..<start + region[axis].upperBound
        return OperatorTile(op: Identity(), inputs: [region.replacing(axis: axis, with: range)])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        try regions(of: inputs[0].shape).map { try inputs[0].cropped(to: $0) }
    }
}
