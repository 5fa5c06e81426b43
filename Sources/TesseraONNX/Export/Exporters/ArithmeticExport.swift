import TesseraCore

/// Element-wise operators of several values.
enum ArithmeticExport {
    static let exporters: [String: LayerExporter] = [
        "subtract": binary("Sub"), "multiply": binary("Mul"), "divide": binary("Div"), "power": binary("Pow"),
        "equal": binary("Equal"), "greater": binary("Greater"), "less": binary("Less"),
        "greater_or_equal": binary("GreaterOrEqual"), "less_or_equal": binary("LessOrEqual"),
        "logical_and": binary("And"), "logical_or": binary("Or"), "logical_xor": binary("Xor"),
        "where": { $0.emit("Where", $0.inputs) },
        "minimum": { $0.emit("Min", $0.inputs) }, "maximum": { $0.emit("Max", $0.inputs) },
        "average": { $0.emit("Mean", $0.inputs) },
        "add": add,
        "cast": { $0.emit("Cast", [try $0.input()], ["to": .int(Int(try $0.keys.elementType("type").onnxNumber))]) },
    ]

    private static func binary(_ type: String) -> LayerExporter {
        { layer in
            guard layer.inputs.count > 1, let last = layer.inputs.last else {
                return layer.emit("Identity", layer.inputs)
            }
            layer.emit(type, [chain(type, layer), last])
        }
    }

    /// The result for all inputs but the last.
    private static func chain(_ type: String, _ layer: LayerExport) -> String {
        let inputs = layer.inputs.dropLast()
        return inputs.dropFirst().enumerated().reduce(inputs.first ?? "") { result, input in
            layer.step("part\(input.offset)", type, [result, input.element])
        }
    }

    /// Sum takes any number of inputs, but only floats.
    private static func add(_ layer: LayerExport) throws {
        let isFloat = (layer.facts(at: 0)?.elementType ?? .f32).isFloatingPoint
        if layer.inputs.count > 2, isFloat { return layer.emit("Sum", layer.inputs) }
        try binary("Add")(layer)
    }
}
