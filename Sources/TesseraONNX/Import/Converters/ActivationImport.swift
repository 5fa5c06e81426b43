import TesseraCore

/// Activations, and functions of one value.
enum ActivationImport {
    static let converters: [String: NodeConverter] = [
        "Relu": plain("relu"), "Sigmoid": plain("sigmoid"), "HardSwish": plain("hard_swish"), "Tanh": plain("tanh"),
        "Softplus": plain("softplus"), "Softsign": plain("softsign"), "Mish": plain("mish"),
        "Abs": plain("absolute"), "Neg": plain("negate"), "Exp": plain("exp"), "Log": plain("log"),
        "Sqrt": plain("sqrt"), "Reciprocal": plain("reciprocal"), "Floor": plain("floor"), "Ceil": plain("ceil"),
        "Round": plain("round"), "Sign": plain("sign"), "Erf": plain("erf"), "Not": plain("logical_not"),
        "LeakyRelu": numbers("leaky_relu", ["alpha": ("slope", 0.01)]),
        "Elu": numbers("elu", ["alpha": ("alpha", 1)]),
        "Celu": numbers("celu", ["alpha": ("alpha", 1)]),
        "Selu": numbers("selu", ["alpha": ("alpha", 1.673_263_2), "gamma": ("gamma", 1.050_701)]),
        "HardSigmoid": hardSigmoid,
        "ThresholdedRelu": numbers("thresholded_relu", ["alpha": ("alpha", 1)]),
        "Swish": numbers("swish", ["alpha": ("alpha", 1)]),
        "Gelu": gelu, "Clip": clip, "PRelu": prelu, "Identity": identity, "Dropout": dropout,
    ]

    /// An operator without keys.
    private static func plain(_ type: String) -> NodeConverter {
        { node in
            node.ignore("consumed_inputs")
            let x = try node.input(0)
            return [try node.emit(type, [:], [x], facts: x.facts)]
        }
    }

    /// An operator with keys of numbers: ONNX's name, ours, and the usual value of both.
    private static func numbers(_ type: String, _ attributes: [String: (key: String, usual: Float)]) -> NodeConverter {
        { node in
            let x = try node.input(0)
            var keys = Keys()
            for (name, (key, usual)) in attributes.sorted(by: { $0.key < $1.key }) {
                keys.set(key, .number(node.number(name, default: usual)), unless: .number(usual))
            }
            return [try node.emit(type, keys, [x], facts: x.facts)]
        }
    }

    /// ONNX's usual slope is 0.2, PyTorch's and ours 1/6.
    private static func hardSigmoid(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        var keys = Keys()
        keys.set("alpha", .number(node.number("alpha", default: 0.2)))
        keys.set("beta", .number(node.number("beta", default: 0.5)), unless: .number(Float(0.5)))
        return [try node.emit("hard_sigmoid", keys, [x], facts: x.facts)]
    }

    private static func gelu(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        var keys = Keys()
        keys.set("approximation", .name(node.string("approximate", default: "none")), unless: .name("none"))
        return [try node.emit("gelu", keys, [x], facts: x.facts)]
    }

    /// The bounds are attributes up to opset 10 and inputs from 11.
    private static func clip(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        var minimum = node.nonEmptyInput(1)
        var maximum = node.nonEmptyInput(2)
        var low = minimum?.number
        var high = maximum?.number
        if node.opset < 11 {
            low = node.number("min").flatMap { $0 > -.greatestFiniteMagnitude ? $0.readable : nil }
            high = node.number("max").flatMap { $0 < .greatestFiniteMagnitude ? $0.readable : nil }
        }
        if x.facts.type ?? .f32 == .f32, low == 0, high == 6 {
            return [try node.emit("relu6", [:], [x], facts: x.facts)]
        }
        var keys = Keys()
        if let low, isExact(low) {
            keys.set("minimum", .number(low))
            minimum = nil
        }
        if let high, isExact(high) {
            keys.set("maximum", .number(high))
            maximum = nil
        }
        return [
            try node.emit(
                "clip", keys, slots: [.data("x", x), .data("minimum", minimum), .data("maximum", maximum)],
                facts: x.facts)
        ]
    }

    /// True for a number that a key holds as it is.
    private static func isExact(_ number: Double) -> Bool { number.isFinite && abs(number) < 0x1p53 }

    /// One slope for all, or one for each channel, is a weight; any other shape or type is an input.
    private static func prelu(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        let slope = try node.input(1)
        guard let constant = slope.constant, let weight = perChannel(constant, rank: x.rank) else {
            return [try node.emit("prelu", slots: [.data("x", x), .data("weight", slope)], facts: x.facts)]
        }
        var keys = Keys()
        keys.set("shared", .flag(weight.facts.shape == [1]), unless: .flag(false))
        return [try node.emit("prelu", keys, slots: [.data("x", x), .parameter("weight", weight)], facts: x.facts)]
    }

    private static func perChannel(_ slope: Operand.Constant, rank: Int?) -> Operand? {
        let sizes = slope.tensor.shape.dimensions
        let count = slope.tensor.elementCount
        // As an input it must broadcast, as in ONNX.
        guard slope.tensor.elementType == .f32 else { return nil }
        let isChannels = rank.map { rank in
            rank >= 2 && sizes.count >= rank - 1 && sizes[sizes.count - rank + 1] == count
        }
        guard count == 1 || isChannels == true else { return nil }
        return slope.reshaped(to: [count]).map(Operand.constant)
    }

    private static func identity(_ node: NodeImport) throws -> [Operand] { [try node.input(0)] }

    /// Passes its input on, as always outside training; the mask then keeps everything.
    private static func dropout(_ node: NodeImport) throws -> [Operand] {
        node.ignore("ratio", "seed")
        node.ignoreInputs(1)
        let x = try node.input(0)
        if let training = node.nonEmptyInput(2) {
            let keepsAll = node.nonEmptyInput(1)?.number == 0
            guard training.number == 0 || keepsAll else { throw node.unsupported("dropping out at random in training") }
        }
        guard node.wants(output: 1) else { return [x] }
        let shape = try node.emit("shape", [:], [x], as: "shape", facts: .type(.i64, rank: 1))
        // Up to opset 9 the mask has the type of the input.
        let type = node.opset < 10 ? x.type : .bool
        let mask = try node.emit(
            "fill", ["value": .int(1), "type": .type(type)], [shape], as: "mask",
            facts: .type(type, dimensions: x.facts.dimensions))
        return [x, mask]
    }
}
