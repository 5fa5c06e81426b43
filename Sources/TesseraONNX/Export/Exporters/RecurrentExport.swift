import TesseraCore

/// LSTM, GRU and RNN: gates in ONNX's order, directions as an axis of their own.
enum RecurrentExport {
    static let exporters: [String: LayerExporter] = [
        // Where each of ONNX's gates stands among PyTorch's: i o f c from i f g o, z r h from r z n.
        "lstm": recurrent("LSTM", gates: [0, 3, 1, 2], hasCell: true), "gru": recurrent("GRU", gates: [1, 0, 2]),
        "rnn": recurrent("RNN", gates: [0]),
    ]

    private static func recurrent(_ type: String, gates: [Int], hasCell: Bool = false) -> LayerExporter {
        { layer in
            let keys = layer.keys
            let hidden = try keys.int("hidden")
            let direction = try keys.text("direction")
            let batchFirst = try keys.flag("batch_first")
            let suffixes = direction == "bidirectional" ? ["l0", "l0_reverse"] : ["l0"]
            let weights = RecurrentWeightExport(layer: layer, suffixes: suffixes, hidden: hidden)
            let swapped: [String: ExportAttribute] = ["perm": .ints([1, 0, 2])]
            let x = try layer.input()
            var inputs: [String?] = [
                batchFirst ? layer.step("sequence_first", "Transpose", [x], swapped) : x,
                try weights.joined("weight_ih", gates, as: "W"), try weights.joined("weight_hh", gates, as: "R"),
                try weights.hasBias() ? weights.biases(gates) : nil,
                try lengths(layer),
                layer.optionalInput("initial_hidden"),
            ]
            if hasCell {
                inputs.append(layer.optionalInput("initial_cell"))
                // Peepholes of i, o, f from those of i, f, o.
                inputs.append(try weights.hasPeephole() ? weights.joined("peephole", [0, 2, 1], as: "P") : nil)
            }
            var attributes: [String: ExportAttribute] = ["hidden_size": .int(hidden), "direction": .string(direction)]
            try setActivations(&attributes, layer)
            if hasCell { attributes["input_forget"] = .flag(try keys.flag("input_forget")) }
            if type == "GRU" { attributes["linear_before_reset"] = .flag(try keys.flag("linear_before_reset")) }
            let sequence = layer.stepName("sequence")
            let states = (1..<(hasCell ? 3 : 2)).map { layer.wants(output: $0) ? layer.output($0) : "" }
            let outputs = [sequence] + states
            layer.emit(type, inputs, outputs: outputs.reversed().drop { $0.isEmpty }.reversed(), attributes)
            // [sequence, directions, batch, hidden] to [sequence, batch, directions · hidden].
            let order = batchFirst ? [2, 0, 1, 3] : [0, 2, 1, 3]
            let moved = layer.step("directions_last", "Transpose", [sequence], ["perm": .ints(order)])
            let shape = try layer.integers("output_shape", [0, 0, suffixes.count * hidden])
            layer.emit("Reshape", [moved, shape])
        }
    }

    /// ONNX wants the lengths of sequences as i32.
    private static func lengths(_ layer: LayerExport) throws -> String? {
        guard let lengths = layer.optionalInput("sequence_lengths") else { return nil }
        if layer.type("sequence_lengths") == .i32 { return lengths }
        return layer.step("lengths", "Cast", [lengths], ["to": .int(Int(ElementType.i32.onnxNumber))])
    }

    private static let activationNames = [
        "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "leaky_relu": "LeakyRelu", "elu": "Elu",
        "hard_sigmoid": "HardSigmoid", "thresholded_relu": "ThresholdedRelu", "softsign": "Softsign",
        "softplus": "Softplus", "scaled_tanh": "ScaledTanh", "affine": "Affine",
    ]

    private static func setActivations(_ attributes: inout [String: ExportAttribute], _ layer: LayerExport) throws {
        if let names = try layer.keys.optionalTexts("activations"), !names.isEmpty {
            attributes["activations"] = .strings(
                try names.map { name in
                    guard let known = activationNames[name] else {
                        throw TesseraError(.notSupported, "the activation '\(name)' is not supported")
                    }
                    return known
                })
        }
        for name in ["activation_alpha", "activation_beta"] where layer.keys.has(name) {
            if let values = try layer.keys.optionalNumbers(name), !values.isEmpty { attributes[name] = .floats(values) }
        }
        if layer.keys.has("clip"), let clip = try layer.keys.optionalNumber("clip") {
            attributes["clip"] = .float(clip)
        }
    }
}

/// The weights of a recurrent layer as ONNX has them: all directions as one tensor.
private struct RecurrentWeightExport {
    let layer: LayerExport
    /// What the names of each direction's weights end in.
    let suffixes: [String]
    let hidden: Int

    /// True for weights that the layer reads, which then are all that it has.
    private var areInputs: Bool { value(of: "weight_ih", suffixes[0]) != nil }
    private var isBidirectional: Bool { suffixes.count > 1 }

    /// Whether there are biases.
    func hasBias() throws -> Bool {
        guard areInputs else { return try layer.keys.flag("bias") }
        return ["bias_ih", "bias_hh"].contains { value(of: $0, suffixes[0]) != nil }
    }

    /// Whether there are peepholes.
    func hasPeephole() throws -> Bool {
        areInputs ? value(of: "peephole", suffixes[0]) != nil : try layer.keys.flag("peephole")
    }

    /// The weight `name` of all directions: [directions, blocks · hidden, …].
    func joined(_ name: String, _ order: [Int], as title: String) throws -> String {
        if areInputs { return try stacked(suffixes.map { try rows(order, of: name, $0) }, as: title) }
        return layer.constant(title, try Tensor.stacked(suffixes.map { try blocks(order, of: "\(name)_\($0)") }))
    }

    /// The biases of inputs and of the state: [directions, 2 · gates · hidden].
    func biases(_ order: [Int]) throws -> String {
        if areInputs {
            let parts = try suffixes.map { suffix in
                let parts = try ["bias_ih", "bias_hh"].map { try rows(order, of: $0, suffix) }
                return layer.step("biases_\(suffix)", "Concat", parts, ["axis": 0])
            }
            return try stacked(parts, as: "B")
        }
        let parts = try suffixes.map { suffix in
            try Tensor.concatenated(
                [try blocks(order, of: "bias_ih_\(suffix)"), try blocks(order, of: "bias_hh_\(suffix)")])
        }
        return layer.constant("B", try Tensor.stacked(parts))
    }

    // MARK: Weights of the layer's own

    /// Blocks of `hidden` rows in another order.
    private func blocks(_ order: [Int], of name: String) throws -> Tensor {
        guard let tensor = try layer.ownParameter(name), tensor.shape.rank >= 1,
            tensor.shape[0] == order.count * hidden
        else {
            throw TesseraError(.notSupported, "the weight '\(name)', of which nothing is known, is not supported")
        }
        return try Tensor.concatenated(order.map { try tensor.rows($0 * hidden..<($0 + 1) * hidden) })
    }

    // MARK: Weights that the layer reads

    /// The only direction has no suffix, even if it is the backward one; it may have one all the same.
    private func value(of name: String, _ suffix: String) -> String? {
        layer.optionalInput("\(name)_\(suffix)")
            ?? (isBidirectional ? nil : layer.optionalInput("\(name)_\(suffix)_reverse"))
    }

    /// Blocks of `hidden` rows in another order; zeros for one of two biases that is left out.
    private func rows(_ order: [Int], of name: String, _ suffix: String) throws -> String {
        let title = "\(name)_\(suffix)"
        guard let value = value(of: name, suffix) else {
            let zeros = try Tensor(zeros: [order.count * hidden], elementType: layer.type())
            return layer.constant("\(title)_zeros", zeros)
        }
        let rows = order.flatMap { $0 * hidden..<($0 + 1) * hidden }
        return layer.step(title, "Gather", [value, try layer.integers("\(title)_rows", rows)], ["axis": 0])
    }

    private func stacked(_ parts: [String], as title: String) throws -> String {
        let axes = try layer.integers("\(title)_axes", [0])
        let directions = parts.enumerated().map { index, part in
            layer.step("\(title)_direction\(index)", "Unsqueeze", [part, axes])
        }
        return directions.count == 1 ? directions[0] : layer.step(title, "Concat", directions, ["axis": 0])
    }
}

extension Tensor {
    /// The tensors one after another along the first axis; the other sizes must be equal.
    static func concatenated(_ tensors: [Tensor]) throws -> Tensor {
        let rows = tensors.reduce(0) { $0 + $1.shape[0] }
        var result = try Tensor(
            zeros: Shape([rows] + tensors[0].shape.dimensions.dropFirst()), elementType: tensors[0].elementType)
        result.withUnsafeMutableBytes { bytes in
            var offset = 0
            for tensor in tensors {
                tensor.withUnsafeBytes { bytes[offset..<offset + $0.count].copyBytes(from: $0) }
                offset += tensor.byteCount
            }
        }
        return result
    }

    /// The tensors along a new first axis; their shapes must be equal.
    static func stacked(_ tensors: [Tensor]) throws -> Tensor {
        try concatenated(tensors.map { try $0.reshaped(to: Shape([1] + $0.shape.dimensions)) })
    }
}
