import COneDNN
import TesseraCore
import TesseraOperators

/// Poolings.
extension TrainingLowering {
    func lower(_ op: any Pooling) throws {
        guard node.outputs.count == 1 else { throw TesseraError(.notSupported, "the indices of 'max_pool'") }
        let kind = try op.poolingKind()
        var window = try op.window(over: Shape(shape(input)))
        for (index, size) in shape(input).dropFirst(2).enumerated() {
            // oneDNN has no windows that reach beyond the padding: rounding up is padding more.
            window.axes[index].after += window.axes[index].overhang(size)
        }
        try lowerPooling(kind, window)
    }

    /// One window over all pixels.
    func lowerGlobal(_ kind: dnnl_alg_kind_t) throws {
        let axes = shape(input).dropFirst(2).map { SlidingWindow.Axis(kernel: $0, stride: 1, dilation: 1) }
        try lowerPooling(kind, SlidingWindow(axes: axes))
    }

    func lowerPooling(_ kind: dnnl_alg_kind_t, _ window: SlidingWindow) throws {
        guard shape(input).count <= 5 else { throw TesseraError(.notSupported, "more than 3 spatial axes") }
        let source = try builder.operand(input)
        let sizes = WindowSizes(window)
        let (from, to) = (source.layout, try source.layout.like(shape(output)))
        let forward = try sizes.with { sizes in
            try PrimitiveDescriptor("a pooling") {
                onednn_pooling_training(&$0, $1, kind, from.handle, to.handle, sizes)
            }
        }
        let backward = try sizes.with { sizes in
            try PrimitiveDescriptor("the gradient of a pooling") {
                onednn_pooling_backward(&$0, $1, kind, from.handle, to.handle, sizes, forward.handle)
            }
        }
        let workspace = try builder.workspace(of: forward)
        let target = builder.allocate(to)
        var arguments = [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, target)]
        if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
        try builder.execute(forward, arguments)
        builder.define(output, as: target)
        let (builder, input, output) = (builder, input, output)
        builder.onTheWayBack(node) {
            guard let gradient = try builder.gradient(output, in: to) else { return }
            let result = builder.allocate(from)
            var arguments = [(DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_SRC, result)]
            if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
            try builder.execute(backward, arguments)
            try builder.addGradient(result, of: input)
        }
    }
}
