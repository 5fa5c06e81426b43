import TesseraCore

/// Quantization, and operators on quantized values by way of floats.
enum QuantizationImport {
    static let converters: [String: NodeConverter] = [
        "QuantizeLinear": quantize, "DequantizeLinear": dequantize, "QLinearConv": convolution,
        "QLinearMatMul": product, "DynamicQuantizeLinear": dynamic,
    ]

    private static func quantize(_ node: NodeImport) throws -> [Operand] {
        node.ignore("saturate", "precision")
        let number = node.integer("output_dtype", default: 0)
        var type = try number == 0 ? nil : ElementType(onnx: Int32(clamping: number))
        let zeroPoint = node.optionalInput(2)
        type = type ?? zeroPoint?.facts.type
        if let type, ![.u8, .i8, .u16, .i16].contains(type) { throw node.unsupported("quantization to \(type)") }
        return [
            try quantize(
                node.input(0), scale: node.input(1), zeroPoint: zeroPoint, axis: node.integer("axis", default: 1),
                block: node.integer("block_size", default: 0), type: type ?? .u8, node: node)
        ]
    }

    private static func quantize(
        _ x: Operand, scale: Operand, zeroPoint: Operand?, axis: Int = 1, block: Int = 0, type: ElementType,
        node: NodeImport, as suffix: String? = nil
    ) throws -> Operand {
        var keys = Keys()
        keys.set("axis", .int(axis), unless: .int(1))
        keys.set("type", .type(type), unless: .type(.u8))
        keys.set("block", .int(block), unless: .int(0))
        return try node.emit(
            "quantize", keys, slots: [.data("x", x), .data("scale", scale), .data("zero_point", zeroPoint)], as: suffix,
            facts: .type(type, dimensions: x.facts.dimensions))
    }

    private static func dequantize(_ node: NodeImport) throws -> [Operand] {
        let number = node.integer("output_dtype", default: 0)
        let type = try number == 0 ? nil : ElementType(onnx: Int32(clamping: number))
        return [
            try dequantize(
                node.input(0), scale: node.input(1), zeroPoint: node.optionalInput(2),
                axis: node.integer("axis", default: 1), block: node.integer("block_size", default: 0), type: type,
                node: node)
        ]
    }

    /// - Parameter type: of the result; nil for that of the scale.
    static func dequantize(
        _ x: Operand, scale: Operand, zeroPoint: Operand?, axis: Int = 1, block: Int = 0, type: ElementType? = nil,
        node: NodeImport, as suffix: String? = nil
    ) throws -> Operand {
        let type = type ?? scale.type
        var keys = Keys()
        keys.set("axis", .int(axis), unless: .int(1))
        keys.set("type", .type(type), unless: .type(.f32))
        keys.set("block", .int(block), unless: .int(0))
        return try node.emit(
            "dequantize", keys, slots: [.data("x", x), .data("scale", scale), .data("zero_point", zeroPoint)],
            as: suffix, facts: .type(type, dimensions: x.facts.dimensions))
    }

    /// x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias in steps of x_scale · w_scale.
    private static func convolution(_ node: NodeImport) throws -> [Operand] {
        let (xScale, weightScale) = (try node.input(1), try node.input(4))
        let x = try dequantize(node.input(0), scale: xScale, zeroPoint: node.input(2), node: node, as: "x")
        let weight = try dequantize(
            node.input(3), scale: weightScale, zeroPoint: node.input(5), axis: 0, node: node, as: "weight")
        var bias: Operand?
        if let steps = node.optionalInput(8) {
            let floats = try ArithmeticImport.cast(steps, to: .f32, node: node, as: "bias_steps")
            let scale = try node.emit(
                "multiply", [:], [xScale, weightScale], as: "bias_scale", facts: weightScale.facts)
            bias = try node.emit("multiply", [:], [floats, scale], as: "bias", facts: floats.facts)
        }
        let y = try ConvolutionImport.conv(x, weight: weight, bias: bias, node: node, as: "conv")
        return [try requantized(y, node)]
    }

    private static func requantized(_ y: Operand, axis: Int = 1, _ node: NodeImport) throws -> Operand {
        let zeroPoint = try node.input(7)
        return try quantize(y, scale: node.input(6), zeroPoint: zeroPoint, axis: axis, type: zeroPoint.type, node: node)
    }

    /// a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point; scales of a by row, of b by column.
    private static func product(_ node: NodeImport) throws -> [Operand] {
        let a = try dequantize(
            node.input(0), scale: node.input(1), zeroPoint: node.input(2), axis: -2, node: node, as: "a")
        let b = try dequantize(
            node.input(3), scale: node.input(4), zeroPoint: node.input(5), axis: -1, node: node, as: "b")
        return [try requantized(MatrixImport.product(a, b, node: node, as: "product"), axis: -2, node)]
    }

    /// The operator's own definition: the range of x with 0 in it, in 256 steps.
    private static func dynamic(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        let facts = ValueFacts.type(.f32, rank: 0)
        let (zero, largest) = (try node.constant(0, type: .f32), try node.constant(255, type: .f32))
        func bound(_ function: String, _ type: String) throws -> Operand {
            let value = try node.emit(
                "reduce", ["function": .name(function), "keep_axes": .flag(false)], [x], as: function, facts: facts)
            return try node.emit(type, [:], [value, zero], as: "\(function)_with_zero", facts: facts)
        }
        let low = try bound("min", "minimum")
        let range = try node.emit("subtract", [:], [bound("max", "maximum"), low], as: "range", facts: facts)
        let scale = try node.emit("divide", [:], [range, largest], as: "scale", facts: facts)
        let steps = try node.emit("divide", [:], [low, scale], as: "steps", facts: facts)
        let start = try node.emit("subtract", [:], [zero, steps], as: "start", facts: facts)
        let clipped = try node.emit(
            "clip", ["minimum": .int(0), "maximum": .int(255)], [start], as: "clipped", facts: facts)
        let rounded = try node.emit("round", [:], [clipped], as: "rounded", facts: facts)
        let zeroPoint = try ArithmeticImport.cast(rounded, to: .u8, node: node, as: "zero_point")
        let y = try quantize(x, scale: scale, zeroPoint: zeroPoint, type: .u8, node: node)
        return [y, scale, zeroPoint]
    }
}
