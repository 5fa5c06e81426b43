import COneDNN
import TesseraCore
import TesseraOperators

/// Recurrent layers with their usual functions. All options beyond these are left to the reference. Like products of matrices,
/// they run on one thread.
extension LayerLowering {
    func lower(_ op: any Recurrent) throws {
        let cell = try OneDNNCell(op)
        let sizes = try op.sizes(node.inputs.map { Shape(shape($0)) })
        let (directions, hidden) = (op.direction.count, op.hidden)
        let given = Dictionary(uniqueKeysWithValues: zip(try op.roles(count: node.inputs.count), node.inputs))
        guard cell.kind != dnnl_vanilla_lstm || (given["initial_hidden"] == nil) == (given["initial_cell"] == nil)
        else {
            throw TesseraError(.notSupported, "one initial state of two")
        }
        func sequence(_ width: Int) throws -> Layout {
            let strides = op.batchFirst ? [width, sizes.steps * width, 1] : [sizes.batch * width, width, 1]
            return try .plain([sizes.steps, sizes.batch, width], strides: strides)
        }
        let (source, target) = (try sequence(sizes.features), try sequence(directions * hidden))
        let state = try Layout.plain([1, directions, sizes.batch, hidden])
        let inputWeights = [1, directions, sizes.features, cell.gates.count, hidden]
        let hiddenWeights = [1, directions, hidden, cell.gates.count, hidden]
        let anyInput = try Layout.any(inputWeights)
        let anyHidden = try Layout.any(hiddenWeights)
        let bias = try cell.bias(parameters, directions: directions, hidden: hidden)
        let biasLayout = try Layout.plain(bias.shape.dimensions)
        let hasCell = cell.kind == dnnl_vanilla_lstm
        let operands = onednn_recurrent_operands(
            source: source.handle, source_hidden: given["initial_hidden"] == nil ? nil : state.handle,
            source_cell: given["initial_cell"] == nil ? nil : state.handle, weights: anyInput.handle,
            hidden_weights: anyHidden.handle, bias: biasLayout.handle, destination: target.handle,
            destination_hidden: state.handle, destination_cell: hasCell ? state.handle : nil)
        let descriptor = try builder.onOneThread {
            try PrimitiveDescriptor("a recurrent layer") {
                onednn_recurrent(&$0, $1, cell.kind, cell.activation, cell.direction, operands)
            }
        }

        func plain(_ value: Graph.ValueID, as layout: Layout) throws -> ProgramBuilder.Argument {
            var operand = try builder.plainOperand(value)
            operand.layout = layout
            return .operand(operand)
        }
        func weights(_ name: String, _ dimensions: [Int], index: Int32) throws -> ProgramBuilder.Argument {
            try builder.constant(
                cell.weights(name, parameters, dimensions), as: .plain(dimensions),
                in: .of(descriptor, dnnl_query_weights_md, dimensions, index: index))
        }
        var arguments: [(Int32, ProgramBuilder.Argument)] = [
            (DNNL_ARG_SRC_LAYER, try plain(input, as: source)),
            (DNNL_ARG_WEIGHTS_LAYER, try weights("weight_ih_l0", inputWeights, index: 0)),
            (DNNL_ARG_WEIGHTS_ITER, try weights("weight_hh_l0", hiddenWeights, index: 1)),
            (DNNL_ARG_BIAS, try builder.constant(bias, as: biasLayout, in: biasLayout, rounding: .f32)),
        ]
        if let value = given["initial_hidden"] { arguments.append((DNNL_ARG_SRC_ITER, try plain(value, as: state))) }
        if let value = given["initial_cell"] { arguments.append((DNNL_ARG_SRC_ITER_C, try plain(value, as: state))) }
        let places = [(DNNL_ARG_DST_LAYER, target), (DNNL_ARG_DST_ITER, state), (DNNL_ARG_DST_ITER_C, state)]
        var results: [(Graph.ValueID, ProgramBuilder.Operand)] = []
        for (value, place) in zip(node.outputs, places) {
            let result = builder.allocate(try .plain(shape(value)))
            var described = result
            described.layout = place.1
            arguments.append((place.0, .operand(described)))
            results.append((value, result))
        }
        try builder.execute(descriptor, arguments, threads: 1)
        for (value, result) in results { try builder.define(value, as: result) }
        builder.describe(descriptor.implementation)
    }
}

/// How oneDNN computes the same as one of our recurrent layers.
private struct OneDNNCell {
    let kind: dnnl_alg_kind_t
    var activation = dnnl_alg_kind_undef
    let direction: dnnl_rnn_direction_t
    /// Our gate at each place of oneDNN's.
    let gates: [Int]
    let hasBias: Bool

    /// - Throws: `notSupported` for options that oneDNN does not have.
    init(_ op: any Recurrent) throws {
        let kinds = op.activations
        let isUsual = kinds == nil || kinds == type(of: op).defaultActivations
        guard op.clip == nil, !op.peephole else { throw TesseraError(.notSupported, "clipped sums and peepholes") }
        switch op {
        case let op as Lstm where isUsual && !op.inputForget: (kind, gates) = (dnnl_vanilla_lstm, [0, 1, 2, 3])
        case let op as Gru where isUsual && op.linearBeforeReset: (kind, gates) = (dnnl_lbr_gru, [1, 0, 2])
        case is Rnn where isUsual || kinds == [.relu]:
            (kind, gates) = (dnnl_vanilla_rnn, [0])
            activation = isUsual ? dnnl_eltwise_tanh : dnnl_eltwise_relu
        default: throw TesseraError(.notSupported, "unusual options of '\(op.name)'")
        }
        hasBias = op.bias
        switch op.direction {
        case .forward: direction = dnnl_unidirectional_left2right
        case .reverse: direction = dnnl_unidirectional_right2left
        case .bidirectional: direction = dnnl_bidirectional_concat
        }
    }

    /// Weights as [1, directions, inputs, gates, hidden].
    func weights(_ name: String, _ parameters: [String: Tensor], _ dimensions: [Int]) throws -> Tensor {
        let (inputs, hidden) = (dimensions[2], dimensions[4])
        var result: [Float] = []
        result.reserveCapacity(dimensions.reduce(1, *))
        for direction in 0..<dimensions[1] {
            let values = try floats(name, direction, parameters)
            for input in 0..<inputs {
                for gate in gates {
                    for unit in 0..<hidden { result.append(values[(gate * hidden + unit) * inputs + input]) }
                }
            }
        }
        return try Tensor(result, shape: Shape(dimensions))
    }

    /// The sum of both biases; of a GRU's last gate, they stay apart.
    func bias(_ parameters: [String: Tensor], directions: Int, hidden: Int) throws -> Tensor {
        let isGru = kind == dnnl_lbr_gru
        let rows = gates.count + (isGru ? 1 : 0)
        var result: [Float] = []
        for direction in 0..<directions where hasBias {
            let own = try floats("bias_ih_l0", direction, parameters)
            let recurrent = try floats("bias_hh_l0", direction, parameters)
            for gate in gates {
                let range = gate * hidden..<(gate + 1) * hidden
                result += range.map { own[$0] + (isGru && gate == 2 ? 0 : recurrent[$0]) }
            }
            if isGru { result += recurrent[(2 * hidden)...] }
        }
        let shape: Shape = [1, directions, rows, hidden]
        return hasBias ? try Tensor(result, shape: shape) : try Tensor(zeros: shape)
    }

    private func floats(_ name: String, _ direction: Int, _ parameters: [String: Tensor]) throws -> [Float] {
        let full = name + (direction == 0 ? "" : "_reverse")
        guard let tensor = parameters[full] else {
            throw TesseraError(.notFound, "a recurrent layer misses its \(full)")
        }
        return try tensor.floats()
    }
}
