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
                try keys.flag("bias") ? weights.biases(gates) : nil,
                try lengths(layer),
                layer.optionalInput("initial_hidden"),
            ]
            if hasCell {
                inputs.append(layer.optionalInput("initial_cell"))
                // Peepholes of i, o, f from those of i, f, o.
                inputs.append(try keys.flag("peephole") ? weights.joined("peephole", [0, 2, 1], as: "P") : nil)
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
            layer.emit("Reshape", [moved, shape], outputs: [layer.output()])
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

    /// The weight `name` of all directions: [directions, blocks · hidden, …].
    func joined(_ name: String, _ order: [Int], as title: String) throws -> String {
        let parts = try suffixes.map { try blocks(order, of: "\(name)_\($0)") }
        return layer.constant(title, try Tensor.stacked(parts))
    }

    /// The biases of inputs and of the state: [directions, 2 · gates · hidden].
    func biases(_ order: [Int]) throws -> String {
        let parts = try suffixes.map { suffix in
            try Tensor.concatenated(
                [try blocks(order, of: "bias_ih_\(suffix)"), try blocks(order, of: "bias_hh_\(suffix)")])
        }
        return layer.constant("B", try Tensor.stacked(parts))
    }

    /// Blocks of `hidden` rows in another order.
    private func blocks(_ order: [Int], of name: String) throws -> Tensor {
        guard let tensor = layer.ownParameter(name), tensor.shape.rank >= 1, tensor.shape[0] == order.count * hidden
        else {
            throw TesseraError(.notSupported, "the weight '\(name)' as an input is not supported")
        }
        return try Tensor.concatenated(order.map { try tensor.rows($0 * hidden..<($0 + 1) * hidden) })
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
