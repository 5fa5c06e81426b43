import COneDNN
import TesseraCore
import TesseraOperators

/// Layers that divide by a measure of many elements.
extension LayerLowering {
    func lower(_ op: any AlongAxis) throws {
        let axis = op.axis < 0 ? op.axis + shape(input).count : op.axis
        // With the axis innermost, one pixel is summed in the same order as many.
        let layout = try Layout.plain(shape(input), innermost: axis)
        let descriptor = try PrimitiveDescriptor(op.name) {
            op is LogSoftmax
                ? onednn_logsoftmax(&$0, $1, layout.handle, Int32(axis))
                : onednn_softmax(&$0, $1, layout.handle, Int32(axis))
        }
        let source = try builder.operand(input, in: layout)
        let target = builder.result(over: source)
        try builder.execute(descriptor, [(DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(target))])
        try finish(target, descriptor)
    }

    /// As a product and a sum: oneDNN's own batch normalization rounds differently in different layouts, and a tile that begins
    /// here has another layout than the whole. A single product or sum is rounded the same everywhere.
    func lower(_ op: BatchNorm) throws {
        guard shape(input).count > 1 else { throw TesseraError(.notSupported, "a batch of single numbers") }
        let source = try builder.operand(input)
        let (scale, shift) = try op.scaleAndShift(parameters)
        let affine = try ChannelAffine(scale: scale, shift: shift, over: source.layout)
        let target = builder.result(over: source)
        try affine.append(to: builder, from: source, to: target)
        try finish(target, affine.product)
    }

    func lower(_ op: LayerNorm) throws {
        guard node.outputs.dropFirst().allSatisfy({ !builder.isRead($0) }) else {
            throw TesseraError(.notSupported, "the mean and the deviation of 'layer_norm'")
        }
        let axis = op.axis < 0 ? op.axis + shape(input).count : op.axis
        let block = shape(input)[axis...].reduce(1, *)
        let rows = try standardize(block: block, epsilon: op.epsilon, affine: op.affine, bias: op.bias)
        try finish(rows.result, rows.descriptor)
    }

    func lower(_ op: InstanceNorm) throws {
        try lowerGroups(block: shape(input).dropFirst(2).reduce(1, *), epsilon: op.epsilon, affine: op.affine)
    }

    func lower(_ op: GroupNorm) throws {
        let block = shape(input).dropFirst(2).reduce(shape(input)[1] / op.groups, *)
        try lowerGroups(block: block, epsilon: op.epsilon, affine: op.affine)
    }

    /// Normalizes blocks of elements, then scales channels.
    private func lowerGroups(block: Int, epsilon: Double, affine: Bool) throws {
        let scaling =
            affine
            ? try ChannelAffine(
                scale: parameter("weight").reals(), shift: parameter("bias").reals(), over: .plain(shape(input))) : nil
        let rows = try standardize(block: block, epsilon: epsilon, affine: false, bias: false)
        try scaling?.append(to: builder, from: rows.result, to: rows.result)
        try finish(rows.result, rows.descriptor)
    }

    /// The mean of every row of `block` elements brought to 0, their variance to 1.
    private func standardize(
        block: Int, epsilon: Double, affine: Bool, bias: Bool
    ) throws -> (result: ProgramBuilder.Operand, descriptor: PrimitiveDescriptor) {
        let layout = try Layout.plain([shape(input).reduce(1, *) / block, block])
        let hasBias = affine && bias
        let descriptor = try PrimitiveDescriptor(node.op.name) {
            onednn_layer_normalization(&$0, $1, layout.handle, Float(epsilon), affine ? 1 : 0, hasBias ? 1 : 0)
        }
        var source = try builder.plainOperand(input)
        source.layout = layout
        var target = builder.allocate(layout)
        var arguments: [(Int32, ProgramBuilder.Argument)] = [
            (DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(target)),
        ]
        if affine { arguments.append((DNNL_ARG_SCALE, try row("weight"))) }
        if hasBias { arguments.append((DNNL_ARG_SHIFT, try row("bias"))) }
        try builder.execute(descriptor, arguments)
        target.layout = try .plain(shape(output))
        return (target, descriptor)
    }

    /// A parameter, whatever its axes, as one row.
    private func row(_ name: String) throws -> ProgramBuilder.Argument {
        let tensor = try parameter(name)
        let layout = try Layout.plain([tensor.elementCount])
        return try builder.constant(tensor, as: layout, in: layout)
    }

    func lower(_ op: LocalResponseNorm) throws {
        // oneDNN takes as many channels before as after.
        guard op.size % 2 == 1 else { throw TesseraError(.notSupported, "an even number of channels") }
        // In other layouts some kernels round the last pixels differently.
        let layout = try Layout.plain(shape(input), innermost: 1)
        let descriptor = try PrimitiveDescriptor(op.name) {
            onednn_lrn(&$0, $1, layout.handle, Int64(op.size), Float(op.alpha), Float(op.beta), Float(op.bias))
        }
        let source = try builder.operand(input, in: layout)
        let target = builder.allocate(layout)
        try builder.execute(descriptor, [(DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(target))])
        try finish(target, descriptor)
    }
}

/// A factor and a summand for each channel.
private struct ChannelAffine {
    let product: PrimitiveDescriptor
    private let sum: PrimitiveDescriptor
    private let plain: Layout
    private let channels: Layout
    private let scale: Tensor
    private let shift: Tensor

    init(scale: [Double], shift: [Double], over layout: Layout) throws {
        let shape = Shape([1, scale.count] + layout.dimensions.dropFirst(2).map { _ in 1 })
        // oneDNN is quick only if both operands have the same kind of layout; but a single channel it takes from a block
        // together with the zeros that fill the block up.
        let plain = try Layout.plain(shape.dimensions)
        let channels = scale.count == 1 ? plain : try layout.like(shape.dimensions)
        func primitive(_ kind: dnnl_alg_kind_t) throws -> PrimitiveDescriptor {
            try PrimitiveDescriptor("a factor for each channel") {
                onednn_binary(&$0, $1, kind, layout.handle, channels.handle, layout.handle)
            }
        }
        (product, sum) = (try primitive(dnnl_binary_mul), try primitive(dnnl_binary_add))
        (self.plain, self.channels) = (plain, channels)
        self.scale = try Tensor(scale.map { Float($0) }, shape: shape)
        self.shift = try Tensor(shift.map { Float($0) }, shape: shape)
    }

    func append(
        to builder: ProgramBuilder, from source: ProgramBuilder.Operand, to target: ProgramBuilder.Operand
    ) throws {
        for (descriptor, data, values) in [(product, source, scale), (sum, target, shift)] {
            let operand = try builder.constant(values, as: plain, in: channels, rounding: .f32)
            try builder.execute(
                descriptor,
                [(DNNL_ARG_SRC_0, .operand(data)), (DNNL_ARG_SRC_1, operand), (DNNL_ARG_DST, .operand(target))])
        }
    }
}
