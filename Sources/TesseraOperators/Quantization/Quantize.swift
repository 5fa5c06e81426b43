import TesseraCore

/// The integer that stands for each number: x / scale, rounded to the nearest, half to even, plus the zero point; the nearest that
/// the type has if it has no such integer.
public struct Quantize: QuantizedScale, Equatable {
    public static let name = "quantize"
    public static let summary = "Numbers to small integers with a scale"

    public var axis = 1
    public var type = ElementType.u8
    public var block = 0

    public init() {}

    public init(axis: Int = 1, type: ElementType = .u8, block: Int = 0) {
        (self.axis, self.type, self.block) = (axis, type, block)
    }

    public static let keys: [Key<Quantize>] = [
        Key("axis", \.axis, "the axis along which scales differ"),
        Key("type", \.type, "the type of the result"),
        Key("block", \.block, "elements along the axis that share a scale; 0 for one each"),
    ]

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        for input in inputs.prefix(2) { _ = try commonType(of: [input]) { $0.isFloatingPoint || $0 == .i32 } }
        guard [.u8, .i8, .u16, .i16].contains(type) else {
            throw TesseraError(.notSupported, "'quantize' makes integers of 8 or 16 bits, not \(type)")
        }
        guard inputs.count < 3 || inputs[2] == type else {
            throw TesseraError(.notSupported, "expected zero points of \(type), found \(inputs[2])")
        }
        return [type]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        let scales = try spread(inputs[1], over: x.shape)
        let zeroPoints = try inputs.count < 3 ? nil : spread(inputs[2], over: x.shape)
        // The quotient is rounded to the type of its operands before it is rounded to an integer: it may become a tie there.
        let quotients = try Tensor(
            reals: zip(x.reals(), scales).map { $0 / $1 }, shape: x.shape,
            elementType: x.elementType.isFloatingPoint ? x.elementType : inputs[1].elementType)
        var integers = quotients.reals().map { $0.rounded(.toNearestOrEven) }
        if let zeroPoints { integers = zip(integers, zeroPoints).map { $0 + $1 } }
        return [try Tensor(reals: integers, shape: x.shape, elementType: type)]
    }
}
