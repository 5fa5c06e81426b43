import TesseraCore

/// An operator whose weight may be stored as small integers, each output channel with a scale of its own.
///
/// With `weightBits` of 8 the weight is a tensor of i8; with 4 or 2 it is one of u8 with a row for each output channel, in which the
/// integers lie one after the other, the first in the lowest bits, in two's complement. `weight_scale` has a number for
/// each output channel: weight = integer · scale, rounded to f32.
public protocol IntegerWeights: Operator {
    /// 8, 4 or 2; 0 for a weight of f32.
    var weightBits: Int { get set }
}

extension IntegerWeights {
    static var weightBitsKey: Key<Self> {
        Key(
            "weight_bits", \.weightBits,
            "8, 4 or 2 bits for each weight, which is an integer then, in steps of the channel's 'weight_scale'; 0 for f32"
        )
    }

    func checkWeightBits() throws {
        guard [0, 2, 4, 8].contains(weightBits) else {
            throw TesseraError(.invalidArgument, "expected 'weight_bits' of 0, 2, 4 or 8, found \(weightBits)")
        }
    }

    /// What a weight file has for a weight of this shape, whose first axis is that of output channels.
    func weightSpecifications(_ shape: Shape) -> [ParameterSpecification] {
        let fanIn = shape.dimensions.dropFirst().reduce(1, Shape.saturatingProduct)
        let role = ParameterSpecification.Role.weight(fanIn: fanIn)
        guard weightBits > 0 else { return [ParameterSpecification("weight", shape, role)] }
        let scale = ParameterSpecification("weight_scale", [shape[0]], .scale)
        if weightBits == 8 { return [ParameterSpecification("weight", shape, role, .i8), scale] }
        let bytes = (Shape.saturatingProduct(fanIn, weightBits) + 7) / 8
        return [ParameterSpecification("weight", [shape[0], bytes], role, .u8), scale]
    }

    /// The operator with a weight that came as an input of signed bytes, and the weight as its file has it; nil for any other.
    func takingIntegers(_ inputs: [GivenInput], channels: Int) throws -> (op: Self, parameters: [String: Tensor])? {
        guard let weight = inputs.first(where: { $0.role == "weight" }), let quantized = weight.quantized,
            weight.elementType == .f32, weight.shape.rank > 0, weight.shape[0] == channels
        else { return nil }
        let scales = try quantized.scales.floats()
        guard scales.count == 1 || scales.count == channels else { return nil }
        var op = self
        op.weightBits = 8
        let each = scales.count == channels ? scales : [Float](repeating: scales[0], count: channels)
        return (op, ["weight": quantized.integers, "weight_scale": try Tensor(each, shape: [channels])])
    }

    /// The weight of the given shape as i8.
    ///
    /// - Throws: `notFound` if it is missing, `invalidArgument` if it is not stored as integers.
    public func integerWeight(_ parameters: [String: Tensor], shape: Shape) throws -> Tensor {
        guard let weight = parameters["weight"] else { throw TesseraError(.notFound, "'\(name)' misses its weight") }
        guard weightBits > 0 else { throw TesseraError(.invalidArgument, "the weight of '\(name)' is of f32") }
        return weightBits == 8 ? weight : try PackedIntegers.unpacked(weight, bits: weightBits, shape: shape)
    }

    /// The weight of the given shape as f32.
    ///
    /// - Throws: `notFound` if it is missing.
    public func realWeight(_ parameters: [String: Tensor], shape: Shape) throws -> Tensor {
        guard let weight = parameters["weight"] else { throw TesseraError(.notFound, "'\(name)' misses its weight") }
        guard weightBits > 0 else { return weight }
        guard let scale = parameters["weight_scale"] else {
            throw TesseraError(.notFound, "'\(name)' misses its weight_scale")
        }
        let integers: [Int8] = try integerWeight(parameters, shape: shape).elements()
        let scales = try scale.floats()
        let count = shape[0] > 0 ? integers.count / shape[0] : 0
        return try Tensor(integers.indices.map { Float(integers[$0]) * scales[$0 / count] }, shape: shape)
    }
}

/// Integers of fewer than 8 bits, several in a byte.
public enum PackedIntegers {
    /// Rows of i8, one for each place along the first axis, as rows of bytes.
    public static func packed(_ integers: Tensor, bits: Int) throws -> Tensor {
        let values: [Int8] = try integers.elements()
        let rows = integers.shape[0]
        let (count, perByte) = (rows > 0 ? values.count / rows : 0, 8 / bits)
        let width = (count + perByte - 1) / perByte
        var bytes = [UInt8](repeating: 0, count: rows * width)
        let mask = UInt8(1 << bits - 1)
        for row in 0..<rows {
            for place in 0..<count {
                let shift = place % perByte * bits
                bytes[row * width + place / perByte] |= (UInt8(bitPattern: values[row * count + place]) & mask) << shift
            }
        }
        return try Tensor(elements: bytes, shape: [rows, width])
    }

    /// The other way round.
    public static func unpacked(_ packed: Tensor, bits: Int, shape: Shape) throws -> Tensor {
        let bytes: [UInt8] = try packed.elements()
        let (rows, perByte) = (shape[0], 8 / bits)
        let count = shape.dimensions.dropFirst().reduce(1, *)
        let width = (count + perByte - 1) / perByte
        guard packed.shape == [rows, width] else {
            throw TesseraError(
                .shapeMismatch, "expected \(Shape([rows, width])) bytes for \(shape) integers, found \(packed.shape)")
        }
        var values = [Int8](repeating: 0, count: rows * count)
        for row in 0..<rows {
            for place in 0..<count {
                let byte = bytes[row * width + place / perByte] >> (place % perByte * bits)
                // The highest bit is the sign.
                values[row * count + place] = Int8(bitPattern: byte << (8 - bits)) >> (8 - bits)
            }
        }
        return try Tensor(elements: values, shape: shape)
    }
}
