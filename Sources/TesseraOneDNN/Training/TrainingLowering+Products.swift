import COneDNN
import TesseraCore
import TesseraOperators

/// Convolutions and linear layers.
extension TrainingLowering {
    func lower(_ op: Conv) throws {
        let window = try op.window(over: Shape(shape(input)))
        guard window.axes.allSatisfy({ $0.before >= 0 && $0.after >= 0 }) else {
            throw TesseraError(.notSupported, "negative padding")
        }
        let sizes = WindowSizes(window)
        let (x, y) = (shape(input), shape(output))
        let (weight, bias) = (try entry("weight"), op.bias ? try entry("bias") : nil)
        let dimensions = weight.shape.dimensions
        // oneDNN wants groups as an axis of their own.
        let grouped =
            op.groups == 1 ? dimensions : [op.groups, dimensions[0] / op.groups] + Array(dimensions.dropFirst())
        let type = builder.type
        let (anyX, anyY) = (try Layout.any(x, type: type), try Layout.any(y, type: type))
        let anyWeights = try Layout.any(grouped, type: type)
        let biasLayout = try bias.map { try Layout.plain($0.shape.dimensions) }
        let forward = try sizes.with { sizes in
            try PrimitiveDescriptor("a convolution") {
                onednn_convolution_training(
                    &$0, $1, anyX.handle, anyWeights.handle, biasLayout?.handle, anyY.handle, sizes)
            }
        }
        let source = try builder.operand(input, in: .of(forward, dnnl_query_src_md, x))
        let plainWeights = try builder.parameter(weight, as: grouped)
        let weights = try builder.weights(plainWeights, in: .of(forward, dnnl_query_weights_md, grouped))
        let result = builder.allocate(try .of(forward, dnnl_query_dst_md, y))
        var arguments = [(DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, result)]
        if let bias { arguments.append((DNNL_ARG_BIAS, try builder.parameter(bias))) }
        try builder.execute(forward, arguments)
        builder.define(output, as: result)
        // A kernel may like another order on the way back, but what is there needs no reordering.
        let usual = (source: source.layout, target: result.layout)
        let backwardWeights = try quick(usual, (anyX, anyY)) { x, y in
            try sizes.with { sizes in
                try PrimitiveDescriptor("the gradient of a convolution's weights") {
                    onednn_convolution_backward_weights(
                        &$0, $1, x.handle, anyWeights.handle, biasLayout?.handle, y.handle, sizes, forward.handle)
                }
            }
        }
        let backwardData =
            builder.isTrained[input]
            ? try quick(usual, (anyX, anyY)) { x, y in
                try sizes.with { sizes in
                    try PrimitiveDescriptor("the gradient of a convolution's input") {
                        onednn_convolution_backward_data(
                            &$0, $1, x.handle, anyWeights.handle, y.handle, sizes, forward.handle)
                    }
                }
            } : nil
        let (builder, node, input, output) = (builder, node, input, output)
        builder.onTheWayBack(node) {
            let read = try Layout.of(backwardWeights, dnnl_query_src_md, x)
            guard
                let gradient = try builder.gradient(output, in: .of(backwardWeights, dnnl_query_diff_dst_md, y))
            else { return }
            let own = try builder.reordered(source, to: read)
            let weightLayout = try Layout.of(backwardWeights, dnnl_query_diff_weights_md, grouped)
            let target = try builder.parameterGradient(weight, as: grouped)
            let made = weightLayout == target.layout ? target : builder.allocate(weightLayout)
            var arguments = [(DNNL_ARG_SRC, own), (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_WEIGHTS, made)]
            if let bias { arguments.append((DNNL_ARG_DIFF_BIAS, try builder.parameterGradient(bias))) }
            try builder.execute(backwardWeights, arguments)
            if weightLayout != target.layout { try builder.reorder(from: made, to: target) }
            guard let backwardData,
                let gradient = try builder.gradient(output, in: .of(backwardData, dnnl_query_diff_dst_md, y))
            else { return }
            let backWeights = try builder.weights(
                plainWeights, in: .of(backwardData, dnnl_query_weights_md, grouped))
            let result = builder.allocate(try .of(backwardData, dnnl_query_diff_src_md, x))
            try builder.execute(
                backwardData,
                [(DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_WEIGHTS, backWeights), (DNNL_ARG_DIFF_SRC, result)])
            try builder.addGradient(result, of: input)
        }
    }

    private typealias Layouts = (source: Layout, target: Layout)

    /// The primitive for maps as they lie, unless that is oneDNN's reference, which is hundreds of times slower, and there is a kernel for
    /// maps that lie otherwise: on the way to a layer of few channels they lie flat, which no kernel takes on the way back.
    private func quick(
        _ usual: Layouts, _ any: Layouts, _ make: (Layout, Layout) throws -> PrimitiveDescriptor
    ) throws -> PrimitiveDescriptor {
        let found = try make(usual.source, usual.target)
        guard found.isAny(of: "ref"), let other = try? make(any.source, any.target), !other.isAny(of: "ref") else {
            return found
        }
        return other
    }

    /// All axes but the last are rows of one matrix.
    func lower(_ op: Linear) throws {
        let (weight, bias) = (try entry("weight"), op.bias ? try entry("bias") : nil)
        let rows = shape(input).dropLast().reduce(1, *)
        let type = builder.type
        let x = try Layout.plain([rows, weight.shape[1]], type: type)
        let y = try Layout.plain([rows, op.features], type: type)
        let dimensions = weight.shape.dimensions
        let anyWeights = try Layout.any(dimensions, type: type)
        let biasLayout = try bias.map { try Layout.plain($0.shape.dimensions) }
        let forward = try PrimitiveDescriptor("a linear layer") {
            onednn_inner_product_training(&$0, $1, x.handle, anyWeights.handle, biasLayout?.handle, y.handle)
        }
        let source = try builder.operand(input, in: .plain(shape(input), type: type)).described(as: x)
        let plainWeights = try builder.parameter(weight)
        let weights = try builder.weights(plainWeights, in: .of(forward, dnnl_query_weights_md, dimensions))
        let result = builder.allocate(y)
        var arguments = [(DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, result)]
        if let bias { arguments.append((DNNL_ARG_BIAS, try builder.parameter(bias))) }
        try builder.execute(forward, arguments)
        builder.define(output, as: result.described(as: try .plain(shape(output), type: type)))
        let backwardWeights = try PrimitiveDescriptor("the gradient of a linear layer's weights") {
            onednn_inner_product_backward_weights(
                &$0, $1, x.handle, anyWeights.handle, biasLayout?.handle, y.handle, forward.handle)
        }
        let backwardData = try PrimitiveDescriptor("the gradient of a linear layer's input") {
            onednn_inner_product_backward_data(&$0, $1, x.handle, anyWeights.handle, y.handle, forward.handle)
        }
        let (builder, node, input, output) = (builder, node, input, output)
        builder.onTheWayBack(node) {
            let plain = try Layout.plain(builder.shape(output), type: type)
            guard let gradient = try builder.gradient(output, in: plain)?.described(as: y) else { return }
            let layout = try Layout.of(backwardWeights, dnnl_query_diff_weights_md, dimensions)
            let target = try builder.parameterGradient(weight)
            let made = layout == target.layout ? target : builder.allocate(layout)
            var arguments = [(DNNL_ARG_SRC, source), (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_DIFF_WEIGHTS, made)]
            if let bias { arguments.append((DNNL_ARG_DIFF_BIAS, try builder.parameterGradient(bias))) }
            try builder.execute(backwardWeights, arguments)
            if layout != target.layout { try builder.reorder(from: made, to: target) }
            guard builder.isTrained[input] else { return }
            let backWeights = try builder.weights(
                plainWeights, in: .of(backwardData, dnnl_query_weights_md, dimensions))
            let result = builder.allocate(x)
            try builder.execute(
                backwardData,
                [(DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_WEIGHTS, backWeights), (DNNL_ARG_DIFF_SRC, result)])
            try builder.addGradient(
                result.described(as: try .plain(builder.shape(input), type: type)), of: input)
        }
    }
}

/// The numbers of a window as oneDNN wants them.
struct WindowSizes {
    let kernel: [Int64]
    let strides: [Int64]
    /// One less than the distance between elements.
    let dilations: [Int64]
    let before: [Int64]
    let after: [Int64]

    init(_ window: SlidingWindow) {
        kernel = window.axes.map(\.kernel).int64
        strides = window.axes.map(\.stride).int64
        dilations = window.axes.map { $0.dilation - 1 }.int64
        before = window.axes.map(\.before).int64
        after = window.axes.map(\.after).int64
    }

    /// The numbers at addresses that hold during `body`.
    func with<Result>(_ body: (onednn_window) throws -> Result) rethrows -> Result {
        try kernel.withUnsafeBufferPointer { kernel in
            try strides.withUnsafeBufferPointer { strides in
                try dilations.withUnsafeBufferPointer { dilations in
                    try before.withUnsafeBufferPointer { before in
                        try after.withUnsafeBufferPointer { after in
                            try body(
                                onednn_window(
                                    kernel: kernel.baseAddress, strides: strides.baseAddress,
                                    dilations: dilations.baseAddress, before: before.baseAddress,
                                    after: after.baseAddress))
                        }
                    }
                }
            }
        }
    }
}
