import TesseraCore

/// The number that each integer stands for: (x - zero point) · scale.
public struct Dequantize: QuantizedScale, Equatable {
    public static let name = "dequantize"
    public static let summary = "Small integers to numbers with a scale"

    public var axis = 1
    public var type = ElementType.f32
    public var block = 0
    public var scale: Double?
    public var zeroPoint = 0

    public init() {}

    /// With a scale for the whole tensor.
    public init(_ scale: QuantizationScale) {
        (self.scale, zeroPoint) = (Double(scale.scale), scale.zeroPoint)
    }

    public init(axis: Int = 1, type: ElementType = .f32, block: Int = 0) {
        (self.axis, self.type, self.block) = (axis, type, block)
    }

    public static let keys: [Key<Dequantize>] =
        [
            Key("axis", \.axis, "the axis along which scales differ"),
            Key("type", \.type, "the type of the result"),
            Key("block", \.block, "elements along the axis that share a scale; 0 for one each"),
        ] + scaleKeys

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        _ = try commonType(of: [inputs[0]]) { [.u8, .i8, .u16, .i16, .i32].contains($0) }
        try checkZeroPoint(among: inputs[0])
        guard inputs.count == 1 || inputs[1].isFloatingPoint, type.isFloatingPoint else {
            throw TesseraError(
                .notSupported,
                "expected a scale and a result of floating-point numbers, found \(inputs.dropFirst().first ?? .f32) and \(type)"
            )
        }
        guard inputs.count < 3 || inputs[2] == inputs[0] else {
            throw TesseraError(.notSupported, "expected zero points of \(inputs[0]), found \(inputs[2])")
        }
        return [type]
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let x = inputs[0]
        var integers = x.reals()
        if let scale {
            let numbers = integers.map { ($0 - Double(zeroPoint)) * Double(Float(scale)) }
            return [try Tensor(reals: numbers, shape: x.shape, elementType: type)]
        }
        if inputs.count > 2 { integers = try zip(integers, spread(inputs[2], over: x.shape)).map { $0 - $1 } }
        let numbers = try zip(integers, spread(inputs[1], over: x.shape)).map { $0 * $1 }
        return [try Tensor(reals: numbers, shape: x.shape, elementType: type)]
    }
}

extension Dequantize: QuantizedWeightSource {
    public func quantizedWeight(_ inputs: [Tensor]) -> QuantizedWeight? {
        guard inputs[0].elementType == .i8, type == .f32, block == 0, inputs[0].shape.rank > 0 else { return nil }
        if let scale {
            guard zeroPoint == 0, let scales = try? Tensor([Float(scale)], shape: [1]) else { return nil }
            return QuantizedWeight(integers: inputs[0], scales: scales)
        }
        let isPerChannel = axis == 0 || axis == -inputs[0].shape.rank
        guard inputs[1].elementType == .f32, inputs[1].elementCount == 1 || isPerChannel,
            inputs.count < 3 || inputs[2].integers().allSatisfy({ $0 == 0 })
        else { return nil }
        return QuantizedWeight(integers: inputs[0], scales: inputs[1])
    }
}
