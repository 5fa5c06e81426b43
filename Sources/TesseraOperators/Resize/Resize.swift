import TesseraCore

/// The input with other sizes: every output pixel is the weighted sum of the pixels of the input around the position where it
/// lies, y[x] = Σ w[k] · input[k], one axis after the other (ONNX's Resize, version 19).
///
/// Beyond the border the outermost pixel is repeated. Sizes that follow from scales are rounded down, with `aspect` they are
/// rounded to the nearest. `antialias` averages over 1 / scale pixels when the input shrinks.
public struct Resize: SelectsInputs, Equatable {
    public static let name = "resize"
    public static let summary = "Other sizes, by interpolation"

    public var mode = Mode.nearest
    /// For each of `axes`.
    public var scales: [Double]?
    public var sizes: [Int]?
    /// Nil for all.
    public var axes: [Int]?
    public var coordinates = Coordinates.halfPixel
    public var rounding = Rounding.preferFloor
    public var cubicCoefficient = -0.75
    public var excludeOutside = false
    public var extrapolation = 0.0
    public var antialias = false
    public var aspect = Aspect.stretch
    /// Where the region that is cropped starts on each of `axes`, then where it ends, as parts of the axis.
    public var region: [Double]?
    public var inputs: [String]?
    /// For a part of the output: the input's size, where the part of it that is given starts, and which of the output's pixels
    /// are made, their first and their number; four numbers for every axis.
    public var part: [Int]?

    public init() {}

    public static let inputNames = ["x", "region", "scales", "sizes"]
    public static let shapes = "x of any shape; 'region' [2 · axes], 'scales' [axes], 'sizes' [axes] → the same axes"
    public static let keys: [Key<Resize>] = [
        Key("mode", \.mode, "what stands between pixels"),
        Key("scales", \.scales, "the factor of each axis' size"),
        Key("sizes", \.sizes, "the size of each axis instead"),
        Key("axes", \.axes, "the axes that these lists are for; all if left out"),
        Key("coordinates", \.coordinates, "which position of the input an output pixel lies at"),
        Key("rounding", \.rounding, "which pixel 'nearest' takes"),
        Key(
            "cubic_coefficient", \.cubicCoefficient, "slope of the cubic polynomial one pixel away, often -0.5 or -0.75"
        ),
        Key("exclude_outside", \.excludeOutside, "whether pixels beyond the border have no weight"),
        Key("extrapolation", \.extrapolation, "the value beyond the input, with tf_crop_and_resize"),
        Key("antialias", \.antialias, "whether a smaller output averages over all pixels"),
        Key("aspect", \.aspect, "how sizes are meant if they do not have the same proportions"),
        Key("region", \.region, "starts, then ends, of what tf_crop_and_resize crops, from 0 to 1"),
        Key("part", \.part, "for tiles: size and start of the input, start and size of the output, for every axis"),
        inputsKey,
    ]

    public func validate() throws {
        guard !(antialias && mode == .nearest) else {
            throw TesseraError(.invalidArgument, "'antialias' expects the mode linear or cubic, found nearest")
        }
        guard scales == nil || sizes == nil else {
            throw TesseraError(.invalidArgument, "expected either 'scales' or 'sizes', found both")
        }
    }

    /// Lists without elements stand for none, as in ONNX.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        var (op, control) = (self, ControlInputs(inputs))
        if let given = try control.tensor("region"), given.elementCount > 0 { op.region = given.reals() }
        if let given = try control.tensor("scales"), given.elementCount > 0 { op.scales = given.reals() }
        if let given = try control.integers("sizes"), !given.isEmpty { op.sizes = given }
        try op.validate()
        return try control.resolution(op)
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { mode == .nearest || $0 != .bool }]
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        [Shape(try axisParts(of: inputs[0]).map(\.output.count))]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        var op = self
        var (ranges, part): ([Range<Int>], [Int]) = ([], [])
        for (axis, range) in zip(try axisParts(of: inputs[0]), region.ranges) {
            let first = axis.output.lowerBound + range.lowerBound
            let pixels = first..<first + range.count
            let needed = axis.whole.isIdentity ? pixels : needed(axis.whole, pixels)
            ranges.append(needed.lowerBound - axis.inputStart..<needed.upperBound - axis.inputStart)
            part += [axis.whole.input, needed.lowerBound, first, range.count]
        }
        op.part = part
        return OperatorTile(op: op, inputs: [Region(ranges)])
    }

    /// The pixels of an axis of the input that those of the output are made of; one if there are none.
    private func needed(_ axis: ResizeAxis, _ pixels: Range<Int>) -> Range<Int> {
        let positions = taps(axis, pixels).positions
        return (positions.min() ?? 0)..<(positions.max() ?? 0) + 1
    }

    public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
        guard mode != .nearest, let axes = try? axisParts(of: inputs[0]) else { return 0 }
        let resized = axes.filter { !$0.whole.isIdentity }.count
        return Shape.saturatingProduct(outputs[0].elementCount, resized * (mode == .cubic ? 4 : 2))
    }
}
