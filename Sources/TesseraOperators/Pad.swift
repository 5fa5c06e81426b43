import TesseraCore

/// A constant put before and after some axes; a negative amount drops elements.
public struct Pad: Operator, Equatable {
    public static let name = "pad"
    public static let summary = "A constant around the input"

    public var axes: [Int] = []
    public var before: [Int] = []
    public var after: [Int] = []
    public var value: Float = 0

    public init() {}

    public init(axes: [Int], before: [Int], after: [Int], value: Float = 0) {
        (self.axes, self.before, self.after, self.value) = (axes, before, after, value)
    }

    public static let keys: [Key<Pad>] = [
        Key(required: "axes", \.axes, "the axes that are padded"),
        Key(required: "before", \.before, "elements before each of them"),
        Key(required: "after", \.after, "elements after each of them"),
        Key("value", \.value, "the constant"),
    ]

    public func validate() throws {
        guard axes.count == before.count, axes.count == after.count else {
            throw TesseraError(
                .invalidArgument,
                "expected as many 'before' and 'after' as 'axes', found \(before.count), \(after.count) and \(axes.count)"
            )
        }
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        let amounts = try amounts(rank: inputs[0].rank)
        return [Shape(zip(inputs[0].dimensions, amounts).map { $0 + $1.before + $1.after })]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        let amounts = try amounts(rank: inputs[0].rank)
        var tile = Pad(axes: Array(0..<region.rank), before: [], after: [], value: value)
        var ranges: [Range<Int>] = []
        for (range, (size, amount)) in zip(region.ranges, zip(inputs[0].dimensions, amounts)) {
            // A window of one element: the same inversion as for a convolution with kernel 1.
            let window = SlidingWindow.Axis(
                kernel: 1, stride: 1, dilation: 1, before: amount.before, after: amount.after)
            let (input, remaining) = window.inverse(range, size: size)
            ranges.append(input)
            tile.before.append(remaining.before)
            tile.after.append(remaining.after)
        }
        return OperatorTile(op: tile, inputs: [Region(ranges)])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let input = inputs[0].shape
        let shape = try outputShapes(for: [input])[0]
        let amounts = try amounts(rank: input.rank)
        // Where the input lands in the output, and the part of the input that does land there.
        let landing = Region(zip(input.dimensions, amounts).map { $1.before..<$1.before + $0 })
        let filler = [Double](repeating: Double(value), count: shape.elementCount)
        var result = try Tensor(reals: filler, shape: shape, elementType: inputs[0].elementType)
        guard let visible = landing.intersection(Region(whole: shape)) else { return [result] }
        try result.paste(inputs[0].cropped(to: visible.relative(to: landing)), at: visible)
        return [result]
    }

    /// Padding before and after each axis of the input.
    ///
    /// - Throws: `invalidArgument` for an axis that the input does not have, or one named twice.
    public func amounts(rank: Int) throws -> [(before: Int, after: Int)] {
        var amounts = [(before: Int, after: Int)](repeating: (0, 0), count: rank)
        var seen: Set<Int> = []
        for (index, axis) in axes.enumerated() {
            let axis = try resolveAxis(axis, rank: rank, key: "axes")
            guard seen.insert(axis).inserted else {
                throw TesseraError(.invalidArgument, "'axes' names axis \(axis) twice")
            }
            amounts[axis] = (before[index], after[index])
        }
        return amounts
    }
}
