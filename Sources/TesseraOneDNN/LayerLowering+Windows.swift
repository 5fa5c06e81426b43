import COneDNN
import TesseraCore
import TesseraOperators

/// Convolutions and poolings.
extension LayerLowering {
    func lower(_ op: Conv) throws {
        let window = try op.window(over: Shape(shape(input)))
        let own = try OwnConvolutions.kernel(
            for: op, window, source: shape(input), target: shape(output), type: builder.context.type,
            precision: builder.context.precision, demanded: builder.options.kernels[node.name])
        if let own { return try lower(by: own, hasBias: op.bias) }
        let convolution = Convolution(
            window: window, source: shape(input), target: shape(output), hasBias: op.bias, type: builder.context.type,
            demanded: builder.options.kernels[node.name])
        let choice = try convolution.choose(parameter("weight"), groups: op.groups, doing: functionsBehind)
        let bias = op.bias ? try vector("bias") : nil
        let target = try Layout.of(choice.descriptor, dnnl_query_dst_md, choice.geometry.target)
        let kernel = try fused(choice.descriptor, to: target, isWhole: choice.geometry.target == shape(output)) {
            convolution.adding($0, to: choice)
        }
        try convolve(choice, kernel, source: source(of: choice, window), bias: bias)
        try finish(kernel, cut(kernel.result, to: shape(output)))
    }

    /// The map that the primitive of `choice` is run on.
    func source(of choice: Convolution.Choice, _ window: SlidingWindow) throws -> ProgramBuilder.Operand {
        let layout = try Layout.of(choice.descriptor, dnnl_query_src_md, choice.geometry.source)
        return choice.geometry.isMaterialized
            ? try padded(input, window, to: layout) : try builder.operand(input, in: layout)
    }

    /// Adds the step of a convolution. Its result is at the origin of a map that may be larger.
    func convolve(
        _ choice: Convolution.Choice, _ kernel: FusedKernel, source: ProgramBuilder.Operand,
        bias: ProgramBuilder.Argument?
    ) throws {
        let weights = choice.weight.shape.dimensions
        let weightLayout = try Layout.of(kernel.descriptor, dnnl_query_weights_md, weights)
        var arguments: [(Int32, ProgramBuilder.Argument)] = [
            (DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(kernel.result)),
            (DNNL_ARG_WEIGHTS, try builder.constant(choice.weight, as: .plain(weights), in: weightLayout)),
        ]
        if let bias { arguments.append((DNNL_ARG_BIAS, bias)) }
        try builder.execute(kernel.descriptor, arguments + kernel.arguments)
    }

    /// What starts at the origin of a map that may be larger.
    func cut(_ result: ProgramBuilder.Operand, to dimensions: [Int]) throws -> ProgramBuilder.Operand {
        guard result.layout.dimensions != dimensions else { return result }
        let target = builder.allocate(try result.layout.like(dimensions))
        var part = result
        part.layout = try result.layout.box(dimensions, at: dimensions.map { _ in 0 })
        try builder.reorder(from: part, to: target)
        return target
    }

    func lower(_ op: any Pooling) throws {
        guard node.outputs.count == 1 else { throw TesseraError(.notSupported, "the indices of 'max_pool'") }
        try lowerPooling(op.poolingKind(), window: op.window(over: Shape(shape(input))))
    }

    func lower(_ op: any GlobalPooling) throws {
        let spatial = shape(input).dropFirst(2)
        guard spatial.count <= 3 else { throw TesseraError(.notSupported, "\(spatial.count) spatial axes") }
        try lowerPooling(
            op is GlobalMaxPool ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding,
            window: SlidingWindow(
                input: Shape(shape(input)), kernel: PerAxis(Array(spatial)), stride: 1, dilation: 1,
                padding: .explicit([0])))
    }

    private func lowerPooling(_ kind: dnnl_alg_kind_t, window: SlidingWindow) throws {
        let source = try builder.operand(input)
        let target = try source.layout.like(shape(output))
        let after = zip(window.axes, shape(input).dropFirst(2)).map { $0.after + $0.overhang($1) }
        let descriptor = try PrimitiveDescriptor("a pooling") {
            onednn_pooling(
                &$0, $1, kind, source.layout.handle, target.handle, window.axes.map(\.stride).int64,
                window.kernelSizes.int64, window.axes.map { $0.dilation - 1 }.int64, window.axes.map(\.before).int64,
                after.int64)
        }
        let result = builder.allocate(target)
        try builder.execute(descriptor, [(DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(result))])
        try finish(result, descriptor)
    }

    /// A copy of `value` in `layout`, with as many zeros before it as the window's padding says, and after it as remain.
    private func padded(_ value: Graph.ValueID, _ window: SlidingWindow, to layout: Layout) throws
        -> ProgramBuilder.Operand
    {
        let sizes = zip(shape(value), layout.dimensions).dropFirst(2)
        let amounts =
            [(before: 0, after: 0), (before: 0, after: 0)]
            + zip(window.axes, sizes).map { ($0.before, $1.1 - $1.0 - $0.before) }
        let copy = try copyPadded(value, amounts, value: 0, to: layout)
        guard copy.layout != layout else { return copy }
        let result = builder.allocate(layout)
        try builder.reorder(from: copy, to: result)
        return result
    }
}

extension Pooling {
    /// How oneDNN pools as this operator does.
    ///
    /// - Throws: `notSupported` where it does not.
    func poolingKind() throws -> dnnl_alg_kind_t {
        switch self {
        case let average as AveragePool:
            // oneDNN would count what lies beyond the padding, too.
            guard !(average.countIncludePad && average.ceilMode) else {
                throw TesseraError(.notSupported, "padding that counts cannot be rounded up")
            }
            return average.countIncludePad ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding
        case is MaxPool: return dnnl_pooling_max
        default: throw TesseraError(.notSupported, "'\(name)'")
        }
    }
}
