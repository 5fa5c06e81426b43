import TesseraCore

/// An operator between numbers and the small integers that stand for them: number = (integer - zero point) · scale.
///
/// The scale and the zero point are keys, or inputs: of one element for the whole tensor, of one for every place along `axis`, or, with
/// `block`, of the tensor's own shape but for `axis`, where each holds for a block of that many elements.
public protocol QuantizedScale: Operator {
    var axis: Int { get }
    var block: Int { get }
    /// Nil if it is an input.
    var scale: Double? { get set }
    var zeroPoint: Int { get set }
}

extension QuantizedScale {
    public static var shapes: String {
        "x of any shape, scale and zero_point of one element, [the size of 'axis'], or a shape of blocks → x's shape"
    }
    public static var inputNames: [String] { ["x", "scale", "zero_point"] }
    public var inputCount: ClosedRange<Int> { scale == nil ? 2...3 : 1...1 }
    public var isPointwise: Bool { true }

    static var scaleKeys: [Key<Self>] {
        [
            Key("scale", \.scale, "the scale of the whole tensor; if left out, it is an input"),
            Key("zero_point", \.zeroPoint, "the integer that stands for 0, if the scale is a key"),
        ]
    }

    func checkScale() throws {
        guard block >= 0 else { throw TesseraError(.invalidArgument, "expected a 'block' from 0, found \(block)") }
        if let scale, !(scale > 0 && Float(scale).isFinite && Float(scale) > 0) {
            throw TesseraError(.invalidArgument, "expected a positive 'scale' that f32 can hold, found \(scale)")
        }
    }

    /// - Throws: `invalidArgument` for a zero point that the integers do not have.
    func checkZeroPoint(among type: ElementType) throws {
        let range = QuantizationScale.range(of: type, bits: 0)
        guard scale == nil || range.contains(zeroPoint) else {
            throw TesseraError(
                .invalidArgument,
                "expected a 'zero_point' from \(range.lowerBound) to \(range.upperBound), as \(type) has them, found \(zeroPoint)"
            )
        }
    }

    public func validate() throws { try checkScale() }

    /// A scale that is one known number, and a zero point that is known, become keys.
    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        guard scale == nil, block == 0, inputs.count > 1, inputs[1].elementType == .f32,
            inputs[1].shape.elementCount == 1,
            let known = inputs[1].value?.reals()[0], known > 0, known.isFinite
        else { return try ControlInputs(inputs).resolution(self) }
        var (op, rest) = (self, ControlInputs(inputs))
        if inputs.count > 2 {
            guard let zeroPoint = inputs[2].value?.integers(), zeroPoint.count == 1 else {
                return try rest.resolution(self)
            }
            op.zeroPoint = Int(zeroPoint[0])
        }
        op.scale = known
        (_, _) = (try rest.tensor("scale"), try rest.tensor("zero_point"))
        return try rest.resolution(op)
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        for shape in inputs.dropFirst() { _ = try tables(of: shape, over: inputs[0]) }
        guard inputs.count < 3 || inputs[1].elementCount == inputs[2].elementCount else {
            throw TesseraError(
                .shapeMismatch, "expected as many zero points as scales, found \(inputs[2]) and \(inputs[1])")
        }
        return [inputs[0]]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(
            op: self,
            inputs: try inputs.enumerated().map { index, shape in
                index == 0 ? region : try part(of: shape, for: region, of: inputs[0])
            })
    }

    /// The region of a scale that a region of x is scaled by.
    private func part(of scale: Shape, for region: Region, of x: Shape) throws -> Region {
        if scale.elementCount == 1 { return Region(whole: scale) }
        let axis = try resolveAxis(axis, rank: x.rank)
        guard block > 0 else { return Region([region[axis]]) }
        let range = region[axis]
        let blocks = range.lowerBound / block..<(range.upperBound + block - 1) / block
        guard range.lowerBound % block == 0 || blocks.count == 1 else {
            throw TesseraError(.notSupported, "'\(name)' cannot be cut within blocks of \(block)")
        }
        return region.replacing(axis: axis, with: blocks)
    }

    /// Where in a scale the one of every element of x stands, axis by axis.
    ///
    /// - Throws: `shapeMismatch` if the scale does not fit.
    func tables(of scale: Shape, over x: Shape) throws -> [[Int]] {
        var tables = x.dimensions.map { [Int](repeating: 0, count: $0) }
        if scale.elementCount == 1 { return tables }
        let axis = try resolveAxis(axis, rank: x.rank)
        var expected = x
        if block > 0 {
            expected[axis] = (x[axis] + block - 1) / block
            tables = expected.tables
            tables[axis] = (0..<x[axis]).map { $0 / block * expected.strides[axis] }
        } else {
            expected = [x[axis]]
            tables[axis] = Array(0..<x[axis])
        }
        guard scale == expected else {
            throw TesseraError(.shapeMismatch, "expected a scale of one element or of \(expected), found \(scale)")
        }
        return tables
    }

    /// The scale, or zero point, of every element of x.
    func spread(_ scale: Tensor, over x: Shape) throws -> [Double] {
        try scale.elements(atSumsOf: tables(of: scale.shape, over: x)).reals()
    }
}
