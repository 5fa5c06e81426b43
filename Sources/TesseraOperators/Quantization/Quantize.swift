import TesseraCore

/// The integer that stands for each number: x / scale, rounded to the nearest, half to even, plus the zero point; the nearest that
/// the type has if it has no such integer.
public struct Quantize: QuantizedScale, Equatable {
    public static let name = "quantize"
    public static let summary = "Numbers to small integers with a scale"

    public var axis = 1
    public var type = ElementType.u8
    public var block = 0
    public var scale: Double?
    public var zeroPoint = 0
    public var bits = 0

    public init() {}

    /// With a scale for the whole tensor.
    public init(_ scale: QuantizationScale) {
        (self.scale, zeroPoint, type, bits) = (Double(scale.scale), scale.zeroPoint, scale.type, scale.bits)
    }

    public init(axis: Int = 1, type: ElementType = .u8, block: Int = 0) {
        (self.axis, self.type, self.block) = (axis, type, block)
    }

    public static let keys: [Key<Quantize>] =
        [
            Key("axis", \.axis, "the axis along which scales differ"),
            Key("type", \.type, "the type of the result"),
            Key("block", \.block, "elements along the axis that share a scale; 0 for one each"),
            Key("bits", \.bits, "how many bits of the type the integers make use of; 0 for all"),
        ] + scaleKeys

    public func validate() throws {
        try checkScale()
        guard bits == 0 || (2...16).contains(bits) else {
            throw TesseraError(.invalidArgument, "expected 'bits' of 0 or from 2 to 16, found \(bits)")
        }
    }

    /// How it quantizes, if that is the same for the whole tensor and known.
    public var wholeScale: QuantizationScale? {
        scale.map { QuantizationScale(scale: Float($0), zeroPoint: zeroPoint, type: type, bits: bits) }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        for input in inputs.prefix(2) { _ = try commonType(of: [input]) { $0.isFloatingPoint || $0 == .i32 } }
        guard [.u8, .i8, .u16, .i16].contains(type) else {
            throw TesseraError(.notSupported, "'quantize' makes integers of 8 or 16 bits, not \(type)")
        }
        try checkZeroPoint(among: type)
        guard inputs.count < 3 || inputs[2] == type else {
            throw TesseraError(.notSupported, "expected zero points of \(type), found \(inputs[2])")
        }
        return [type]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        if let wholeScale, x.elementType == .f32 {
            let integers = try x.floats().map { Int64(wholeScale.integer(of: $0)) }
            return [try Tensor(integers: integers, shape: x.shape, elementType: type)]
        }
        let scales: [Double]
        if let scale {
            scales = [Double](repeating: scale, count: x.elementCount)
        } else {
            scales = try spread(inputs[1], over: x.shape)
        }
        var zeroPoints = try inputs.count < 3 ? nil : spread(inputs[2], over: x.shape)
        if scale != nil { zeroPoints = scales.map { _ in Double(zeroPoint) } }
        // The quotient is rounded to the type of its operands before it is rounded to an integer: it may become a tie there.
        let quotients = try Tensor(
            reals: zip(x.reals(), scales).map { $0 / $1 }, shape: x.shape,
            elementType: x.elementType.isFloatingPoint ? x.elementType : inputs.count > 1 ? inputs[1].elementType : .f32
        )
        var integers = quotients.reals().map { $0.rounded(.toNearestOrEven) }
        if let zeroPoints { integers = zip(integers, zeroPoints).map { $0 + $1 } }
        if bits > 0 {
            let range = QuantizationScale.range(of: type, bits: bits)
            integers = integers.map { min(max($0, Double(range.lowerBound)), Double(range.upperBound)) }
        }
        return [try Tensor(reals: integers, shape: x.shape, elementType: type)]
    }
}
