import COneDNN
import TesseraCore
import TesseraOperators

/// Convolutions and poolings.
extension LayerLowering {
    func lower(_ op: Conv) throws {
        let window = try op.window(over: Shape(shape(input)))
        let weight = try parameter("weight")
        // A dilated convolution takes another path at the border, which adds in another order, and oneDNN has no negative
        // padding: both get their padding put in memory, the whole map as well as every tile.
        var materialized = window.axes.contains { $0.dilation > 1 || $0.before < 0 || $0.after < 0 }
        func choose() throws -> (PrimitiveDescriptor, Tensor) {
            try Convolution(
                window: window, source: materialized ? paddedShape(window) : shape(input), target: shape(output),
                hasPadding: !materialized, hasBias: op.bias
            ).choose(weight, groups: op.groups)
        }
        var (descriptor, weights) = try choose()
        if !descriptor.isSizeIndependent, !materialized {
            // Direct kernels refuse maps that are narrower than their padding.
            materialized = true
            (descriptor, weights) = try choose()
        }
        let sourceShape = materialized ? paddedShape(window) : shape(input)
        let sourceLayout = try Layout.of(descriptor, dnnl_query_src_md, sourceShape)
        let source =
            materialized
            ? try padded(input, window, to: sourceLayout) : try builder.operand(input, in: sourceLayout)
        let weightLayout = try Layout.of(descriptor, dnnl_query_weights_md, weights.shape.dimensions)
        let result = builder.allocate(try .of(descriptor, dnnl_query_dst_md, shape(output)))
        var arguments: [(Int32, ProgramBuilder.Argument)] = [
            (DNNL_ARG_SRC, .operand(source)), (DNNL_ARG_DST, .operand(result)),
            (DNNL_ARG_WEIGHTS, try builder.constant(weights, as: .plain(weights.shape.dimensions), in: weightLayout)),
        ]
        if op.bias { arguments.append((DNNL_ARG_BIAS, try vector("bias"))) }
        try builder.execute(descriptor, arguments)
        finish(result, descriptor)
    }

    func lower(_ op: any Pooling) throws {
        let window = try op.window(over: Shape(shape(input)))
        guard zip(window.axes, shape(input).dropFirst(2)).allSatisfy({ $0.alwaysSeesInput($1) }) else {
            // oneDNN makes the maximum of nothing the smallest number instead of minus infinity.
            throw TesseraError(.notSupported, "windows that see padding alone")
        }
        let kind: dnnl_alg_kind_t
        if let average = op as? AveragePool {
            // oneDNN would count what lies beyond the padding, too.
            guard !(average.countIncludePad && average.ceilMode) else {
                throw TesseraError(.notSupported, "padding that counts cannot be rounded up")
            }
            kind = average.countIncludePad ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding
        } else {
            kind = dnnl_pooling_max
        }
        try lowerPooling(kind, window: window)
    }

    func lowerGlobalAveragePool() throws {
        let spatial = shape(input).dropFirst(2)
        try lowerPooling(
            dnnl_pooling_avg_exclude_padding,
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
        finish(result, descriptor)
    }

    private func paddedShape(_ window: SlidingWindow) -> [Int] {
        shape(input).prefix(2) + zip(window.axes, shape(input).dropFirst(2)).map { $0.before + $1 + $0.after }
    }

    private func padded(_ value: Graph.ValueID, _ window: SlidingWindow, to layout: Layout) throws
        -> ProgramBuilder.Operand
    {
        let amounts = [(before: 0, after: 0), (before: 0, after: 0)] + window.axes.map { ($0.before, $0.after) }
        let copy = try copyPadded(value, amounts, value: 0, to: layout)
        guard copy.layout != layout else { return copy }
        let result = builder.allocate(layout)
        try builder.reorder(from: copy, to: result)
        return result
    }
}

extension SlidingWindow.Axis {
    /// Whether every window position sees an element of the input. A dilated window can have the input between its elements.
    fileprivate func alwaysSeesInput(_ size: Int) -> Bool {
        guard dilation > 1 else { return true }
        return (0..<outputSize(size)).allSatisfy { position in
            (0..<kernel).contains { (0..<size).contains(position * stride - before + $0 * dilation) }
        }
    }
}
