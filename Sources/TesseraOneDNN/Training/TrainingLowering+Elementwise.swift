import COneDNN
import TesseraCore
import TesseraOperators

/// Functions of each element, sums and differences.
extension TrainingLowering {
    /// From what it makes alone, the gradient follows: what it reads need not be kept.
    func lowerRelu(slope: Float) throws {
        let source = try builder.operand(input)
        let layout = source.layout
        let forward = try PrimitiveDescriptor("a rectified linear unit") {
            onednn_eltwise_training(&$0, $1, dnnl_eltwise_relu_use_dst_for_bwd, layout.handle, slope, 0)
        }
        let target = builder.allocate(layout)
        try builder.execute(forward, [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, target)])
        builder.define(output, as: target)
        try takeBackRelu(node, output, target, forward, slope: slope) { [builder, input] gradient in
            try builder.addGradient(gradient, of: input)
        }
    }

    /// - Parameter pass: what is done with the gradient of what the unit reads.
    private func takeBackRelu(
        _ node: Graph.Node, _ value: Graph.ValueID, _ target: TrainingOperand, _ forward: PrimitiveDescriptor,
        slope: Float, pass: @escaping (TrainingOperand) throws -> Void
    ) throws {
        let layout = target.layout
        let backward = try PrimitiveDescriptor("the gradient of a rectified linear unit") {
            onednn_eltwise_backward(
                &$0, $1, dnnl_eltwise_relu_use_dst_for_bwd, layout.handle, layout.handle, slope, 0, forward.handle)
        }
        let builder = builder
        builder.onTheWayBack(node) {
            guard let gradient = try builder.gradient(value, in: layout) else { return }
            let result = builder.allocate(layout)
            try builder.execute(
                backward, [(DNNL_ARG_DST, target), (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, result)])
            try pass(result)
        }
    }

    func lower(_ function: ElementFunction) throws {
        // In a blocked layout, what fills up the last block must stay zero.
        let source = function.keepsZero ? try builder.operand(input) : try builder.plainOperand(input)
        let layout = source.layout
        let forward = try PrimitiveDescriptor("a function of each element") {
            onednn_eltwise_training(&$0, $1, function.kind, layout.handle, function.alpha, function.beta)
        }
        let backward = try PrimitiveDescriptor("the gradient of a function of each element") {
            onednn_eltwise_backward(
                &$0, $1, function.kind, layout.handle, layout.handle, function.alpha, function.beta, forward.handle)
        }
        let target = builder.allocate(layout)
        try builder.execute(forward, [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, target)])
        builder.define(output, as: target)
        let (builder, input, output) = (builder, input, output)
        builder.onTheWayBack(node) {
            guard let gradient = try builder.gradient(output, in: layout) else { return }
            let result = builder.allocate(layout)
            try builder.execute(
                backward, [(DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, result)])
            try builder.addGradient(result, of: input)
        }
    }

    /// A sum of two tensors of one shape, together with the rectified linear unit after it.
    func lowerAdd() throws {
        try requireEqualShapes()
        let next = following()
        let target = try lowerBinary(dnnl_binary_add, relu: next != nil)
        let last = result(with: next)
        builder.define(last.value, as: target)
        let (builder, inputs) = (builder, node.inputs)
        // The gradient of a sum is that of each of its summands.
        let pass = { (gradient: TrainingOperand) in
            for input in inputs { try builder.addGradient(gradient, of: input) }
        }
        guard next != nil else {
            return builder.onTheWayBack(last.node) {
                if let gradient = builder.gradient(last.value) { try pass(gradient) }
            }
        }
        let forward = try PrimitiveDescriptor("a rectified linear unit") {
            onednn_eltwise_training(&$0, $1, dnnl_eltwise_relu_use_dst_for_bwd, target.layout.handle, 0, 0)
        }
        try takeBackRelu(last.node, last.value, target, forward, slope: 0, pass: pass)
    }

    func lowerSubtract() throws {
        try requireEqualShapes()
        let target = try lowerBinary(dnnl_binary_sub, relu: false)
        builder.define(output, as: target)
        let layout = target.layout
        let negation = try PrimitiveDescriptor("a negation") {
            onednn_eltwise_training(&$0, $1, dnnl_eltwise_linear, layout.handle, -1, 0)
        }
        let (builder, inputs, output) = (builder, node.inputs, output)
        builder.onTheWayBack(node) {
            guard let gradient = try builder.gradient(output, in: layout) else { return }
            try builder.addGradient(gradient, of: inputs[0])
            guard builder.isTrained[inputs[1]] else { return }
            let negated = builder.allocate(layout)
            try builder.execute(negation, [(DNNL_ARG_SRC, gradient), (DNNL_ARG_DST, negated)])
            try builder.addGradient(negated, of: inputs[1])
        }
    }

    private func requireEqualShapes() throws {
        guard node.inputs.count == 2, node.inputs.allSatisfy({ shape($0) == shape(output) }) else {
            throw TesseraError(.notSupported, "operands that are repeated, or more than two")
        }
    }

    private func lowerBinary(_ kind: dnnl_alg_kind_t, relu: Bool) throws -> TrainingOperand {
        let first = try builder.operand(node.inputs[0])
        let layout = first.layout
        let second = try builder.operand(node.inputs[1], in: layout)
        let descriptor = try PrimitiveDescriptor("a combination of two operands") {
            onednn_binary_training(&$0, $1, kind, layout.handle, layout.handle, layout.handle, relu ? 1 : 0)
        }
        let target = builder.allocate(layout)
        try builder.execute(
            descriptor, [(DNNL_ARG_SRC_0, first), (DNNL_ARG_SRC_1, second), (DNNL_ARG_DST, target)])
        return target
    }
}
