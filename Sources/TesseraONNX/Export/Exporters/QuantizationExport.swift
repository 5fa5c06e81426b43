import TesseraCore
import TesseraOperators

/// Quantization.
enum QuantizationExport {
    static let exporters: [String: LayerExporter] = ["quantize": quantize, "dequantize": dequantize]

    private static func attributes(_ layer: LayerExport) throws -> [String: ExportAttribute] {
        var attributes: [String: ExportAttribute] = ["axis": .int(try layer.keys.int("axis"))]
        let block = try layer.keys.int("block")
        if block != 0 { attributes["block_size"] = .int(block) }
        return attributes
    }

    /// The scale and the zero point where they are keys, as constants.
    private static func whole(_ layer: LayerExport, type: ElementType) throws -> (scale: String, zeroPoint: String)? {
        guard let scale = try layer.keys.optionalNumber("scale") else { return nil }
        return (
            try layer.scalar("scale", scale, .f32),
            try layer.scalar("zero_point", Double(layer.keys.int("zero_point")), type)
        )
    }

    /// What fewer bits than the type has can hold of the values.
    private static func limited(_ layer: LayerExport) throws -> String {
        guard let op = layer.node.op as? Quantize, op.bits > 0, let scale = op.wholeScale, layer.type() == .f32 else {
            return try layer.input()
        }
        let range = scale.numbers
        return layer.step(
            "limited", "Clip",
            [
                try layer.input(), try layer.scalar("low", Double(range.lowerBound), .f32),
                try layer.scalar("high", Double(range.upperBound), .f32),
            ])
    }

    private static func quantize(_ layer: LayerExport) throws {
        if let whole = try whole(layer, type: layer.keys.elementType("type")) {
            return layer.emit("QuantizeLinear", [try limited(layer), whole.scale, whole.zeroPoint])
        }
        var attributes = try attributes(layer)
        let zeroPoint = layer.optionalInput("zero_point")
        if zeroPoint == nil { attributes["output_dtype"] = .int(Int(try layer.keys.elementType("type").onnxNumber)) }
        layer.emit("QuantizeLinear", [try values(layer), try layer.input("scale"), zeroPoint], attributes)
    }

    /// What is quantized, in the type of the scale.
    private static func values(_ layer: LayerExport) throws -> String {
        let (type, scale) = (layer.type(), layer.type("scale"))
        guard type != scale else { return try layer.input() }
        guard type.isInteger else {
            throw TesseraError(.notSupported, "quantizing \(type) with a scale of \(scale) is not supported")
        }
        return layer.step("values", "Cast", [try layer.input()], ["to": .int(Int(scale.onnxNumber))])
    }

    /// The result has the type of the scale.
    private static func dequantize(_ layer: LayerExport) throws {
        if let whole = try whole(layer, type: layer.type()), try layer.keys.elementType("type") == .f32 {
            return layer.emit("DequantizeLinear", [try layer.input(), whole.scale, whole.zeroPoint])
        }
        guard layer.type("scale") != .f64 else {
            throw TesseraError(.notSupported, "ONNX's operator 'DequantizeLinear' with a scale of f64 is not supported")
        }
        let inputs = [try layer.input(), try layer.input("scale"), layer.optionalInput("zero_point")]
        let type = try layer.keys.elementType("type")
        let attributes = try attributes(layer)
        guard layer.type("scale") != type else { return layer.emit("DequantizeLinear", inputs, attributes) }
        let values = layer.step("values", "DequantizeLinear", inputs, attributes)
        layer.emit("Cast", [values], ["to": .int(Int(type.onnxNumber))])
    }
}
