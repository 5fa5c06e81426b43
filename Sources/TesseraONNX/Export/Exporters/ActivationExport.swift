import TesseraCore

/// Activations, and functions of one value.
enum ActivationExport {
    static let exporters: [String: LayerExporter] = [
        "relu": plain("Relu"), "sigmoid": plain("Sigmoid"), "hard_swish": plain("HardSwish"), "tanh": plain("Tanh"),
        "softplus": plain("Softplus"), "softsign": plain("Softsign"), "mish": plain("Mish"),
        "absolute": plain("Abs"), "negate": plain("Neg"), "exp": plain("Exp"), "log": plain("Log"),
        "sqrt": plain("Sqrt"), "reciprocal": plain("Reciprocal"), "floor": plain("Floor"), "ceil": plain("Ceil"),
        "round": plain("Round"), "sign": plain("Sign"), "erf": plain("Erf"), "logical_not": plain("Not"),
        "identity": plain("Identity"),
        "leaky_relu": numbers("LeakyRelu", ["slope": "alpha"]), "elu": numbers("Elu", ["alpha": "alpha"]),
        "celu": numbers("Celu", ["alpha": "alpha"]),
        "selu": numbers("Selu", ["alpha": "alpha", "gamma": "gamma"]),
        "hard_sigmoid": numbers("HardSigmoid", ["alpha": "alpha", "beta": "beta"]),
        "thresholded_relu": numbers("ThresholdedRelu", ["alpha": "alpha"]),
        "gelu": { $0.emit("Gelu", [try $0.input()], ["approximate": .string(try $0.keys.text("approximation"))]) },
        "relu6": relu6, "clip": clip, "swish": swish, "prelu": prelu,
    ]

    private static func plain(_ type: String) -> LayerExporter {
        { layer in layer.emit(type, [try layer.input()]) }
    }

    /// An operator with keys of numbers: our name and ONNX's.
    private static func numbers(_ type: String, _ names: [String: String]) -> LayerExporter {
        { layer in
            var attributes: [String: ExportAttribute] = [:]
            for (key, name) in names { attributes[name] = .float(try layer.keys.number(key)) }
            layer.emit(type, [try layer.input()], attributes)
        }
    }

    private static func relu6(_ layer: LayerExport) throws {
        let type = layer.type()
        layer.emit("Clip", [try layer.input(), try layer.scalar("min", 0, type), try layer.scalar("max", 6, type)])
    }

    private static func clip(_ layer: LayerExport) throws {
        let bounds = try [("minimum", "min"), ("maximum", "max")].map { key, name -> String? in
            if let input = layer.optionalInput(key) { return input }
            return try layer.keys.optionalNumber(key).map { try layer.scalar(name, $0, layer.type()) }
        }
        layer.emit("Clip", [try layer.input()] + bounds)
    }

    /// Swish has its own operator only from opset 24: x · sigmoid(alpha · x).
    private static func swish(_ layer: LayerExport) throws {
        let x = try layer.input()
        let alpha = try layer.keys.number("alpha")
        var scaled = x
        if alpha != 1 { scaled = layer.step("scaled", "Mul", [x, try layer.scalar("alpha", alpha, layer.type())]) }
        layer.emit("Mul", [x, layer.step("sigmoid", "Sigmoid", [scaled])])
    }

    /// A slope for each channel must broadcast to the input: [channels, 1, …].
    private static func prelu(_ layer: LayerExport) throws {
        guard let weight = try layer.ownParameter("weight"), layer.optionalInput("weight") == nil else {
            return layer.emit("PRelu", [try layer.input(), try layer.input("weight")])
        }
        let ones = [Int](repeating: 1, count: max(try layer.rank() - 2, 0))
        let slope = try weight.reshaped(to: Shape([weight.elementCount] + ones))
        layer.emit("PRelu", [try layer.input(), layer.weight("weight", as: slope)])
    }
}
