import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Products of matrices.
extension LayerLowering {
    /// By a kernel of our own, or as a convolution of kernel size 1 over a map whose pixels are the rows: its kernels add up all
    /// features in one order and divide the results, never the sums, among threads.
    func lower(_ op: Linear) throws {
        let own = try LinearProduct(
            source: shape(input), target: shape(output), type: builder.context.type,
            precision: builder.context.precision)
        if let own { return try lower(by: own, hasBias: op.bias) }
        let weight = try parameter("weight")
        let (rows, features) = (shape(input).dropLast().reduce(1, *), weight.shape[1])
        let one = SlidingWindow.Axis(kernel: 1, stride: 1, dilation: 1)
        let (source, target) = ([1, features, 1, rows], [1, op.features, 1, rows])
        let type = builder.context.type
        let convolution = Convolution(
            window: SlidingWindow(axes: [one, one]), source: source, target: target, hasBias: op.bias, type: type,
            hasChannelsLast: true)
        let choice = try convolution.choose(
            weight.reshaped(to: Shape(weight.shape.dimensions + [1, 1])), groups: 1, doing: functionsBehind)
        let plain = try Layout.plain(shape(output), type: type)
        let described = try Layout.map(target, .nhwc, type: type)
        guard choice.orders != nil, choice.geometry.source == source, choice.geometry.target == target else {
            throw TesseraError(.notSupported, "rows of features as pixels")
        }
        let bias = op.bias ? try vector("bias") : nil
        var kernel = try fused(choice.descriptor, to: plain) { operations in
            // Operands have the layer's axes, which the kernel does not know.
            operations.contains { $0.readsOperand } ? nil : convolution.adding(operations, to: choice)
        }
        var x = try builder.plainOperand(input)
        x.layout = try .map(source, .nhwc, type: type)
        let result = kernel.result
        kernel.result.layout = described
        try convolve(choice, kernel, source: x, bias: bias)
        try finish(kernel, result)
    }

    /// On several threads, long sums would be divided among them, and the order of additions depend on their number, so it runs on
    /// one.
    func lower(_ op: Matmul) throws {
        let (a, b) = (node.inputs[0], node.inputs[1])
        let product = try MatrixProduct(Shape(shape(a)), Shape(shape(b)))
        // A single matrix on the right is multiplied by all rows at once.
        let isSingle = product.bBatch.elementCount == 1
        let batch = isSingle ? [] : product.batch.dimensions
        func aligned(_ shape: Shape) -> [Int] { batch.dropFirst(shape.rank).map { _ in 1 } + shape.dimensions }
        let rows = isSingle ? product.aBatch.elementCount * product.rows : product.rows
        let left = try Layout.plain((isSingle ? [] : aligned(product.aBatch)) + [rows, product.inner])
        let right = (isSingle ? [] : aligned(product.bBatch)) + [product.inner, product.columns]
        let target = try Layout.plain(batch + [rows, product.columns])
        let weight = builder.constantValue(b)
        let wanted = weight == nil ? try Layout.plain(right) : try Layout.any(right)
        let descriptor = try builder.onOneThread {
            try PrimitiveDescriptor("a product of matrices") {
                onednn_matmul(&$0, $1, left.handle, wanted.handle, nil, target.handle)
            }
        }
        var x = try builder.plainOperand(a)
        x.layout = left
        let weights: ProgramBuilder.Argument
        if let weight {
            weights = try builder.constant(
                weight, as: .plain(right), in: .of(descriptor, dnnl_query_weights_md, right))
        } else {
            var operand = try builder.plainOperand(b)
            operand.layout = wanted
            weights = .operand(operand)
        }
        let result = builder.allocate(try .plain(shape(output)))
        var y = result
        y.layout = target
        try builder.execute(
            descriptor, [(DNNL_ARG_SRC, .operand(x)), (DNNL_ARG_WEIGHTS, weights), (DNNL_ARG_DST, .operand(y))],
            threads: 1)
        try finish(result, descriptor)
    }
}
