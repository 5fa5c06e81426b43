import COneDNN
import TesseraCore
import TesseraOperators
import TesseraRuntime

/// Batch normalizations, together with the rectified linear unit after them.
extension TrainingLowering {
    func lower(_ op: BatchNorm) throws {
        guard shape(input).count >= 2 else { throw TesseraError(.notSupported, "no axis of channels") }
        let source = try builder.operand(input)
        let (layout, epsilon) = (source.layout, Float(op.epsilon))
        let next = following()
        let relu: Int32 = next == nil ? 0 : 1
        func descriptor(global: Int32) throws -> PrimitiveDescriptor {
            try PrimitiveDescriptor("a batch normalization") {
                onednn_batch_normalization(&$0, $1, layout.handle, epsilon, relu, global)
            }
        }
        let (forward, evaluation) = (try descriptor(global: 0), try descriptor(global: 1))
        let backward = try PrimitiveDescriptor("the gradient of a batch normalization") {
            onednn_batch_normalization_backward(
                &$0, $1, layout.handle, layout.handle, epsilon, relu, forward.handle)
        }
        let channels = [shape(input)[1]]
        let (weight, bias) = (try entry("weight"), try entry("bias"))
        let runningMean = try builder.parameter(entry("running_mean"))
        let runningVariance = try builder.parameter(entry("running_var"))
        let (scale, shift) = (try builder.parameter(weight), try builder.parameter(bias))
        let (mean, variance) = (builder.allocate(try .plain(channels)), builder.allocate(try .plain(channels)))
        let workspace = try builder.workspace(of: forward)
        let target = builder.allocate(layout)
        var arguments = [
            (DNNL_ARG_SRC, source), (DNNL_ARG_DST, target), (DNNL_ARG_SCALE, scale), (DNNL_ARG_SHIFT, shift),
            (DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance),
        ]
        if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
        try builder.execute(forward, arguments, phases: .training)
        try builder.execute(
            evaluation,
            [
                (DNNL_ARG_SRC, source), (DNNL_ARG_DST, target), (DNNL_ARG_SCALE, scale), (DNNL_ARG_SHIFT, shift),
                (DNNL_ARG_MEAN, runningMean), (DNNL_ARG_VARIANCE, runningVariance),
            ], phases: .evaluation)
        let count = shape(input).reduce(1, *) / max(1, channels[0])
        let update = RunningStatistics(
            channels: channels[0], count: count, momentum: Float(builder.options.momentum))
        let statistics = [mean, variance, runningMean, runningVariance]
        builder.add(.call(statistics) { addresses in update.update(addresses) }, phases: .training)
        let last = result(with: next)
        builder.define(last.value, as: target)
        let (builder, input) = (builder, input)
        builder.onTheWayBack(last.node) {
            guard let gradient = try builder.gradient(last.value, in: layout) else { return }
            let result = builder.allocate(layout)
            var arguments = [
                (DNNL_ARG_SRC, source), (DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance),
                (DNNL_ARG_DIFF_DST, gradient), (DNNL_ARG_SCALE, scale), (DNNL_ARG_SHIFT, shift),
                (DNNL_ARG_DIFF_SRC, result),
                (DNNL_ARG_DIFF_SCALE, try builder.parameterGradient(weight)),
                (DNNL_ARG_DIFF_SHIFT, try builder.parameterGradient(bias)),
            ]
            if let workspace { arguments.append((DNNL_ARG_WORKSPACE, workspace)) }
            try builder.execute(backward, arguments)
            try builder.addGradient(result, of: input)
        }
    }
}

/// Moves running statistics towards those of a batch, as `BatchNorm.Training.running` says.
private struct RunningStatistics {
    let channels: Int
    /// Elements of each channel.
    let count: Int
    let momentum: Float

    /// - Parameter addresses: mean and variance of the batch, then those that are kept.
    func update(_ addresses: [UnsafeMutableRawPointer]) {
        let vectors = addresses.map { $0.assumingMemoryBound(to: Float.self) }
        let correction = count > 1 ? Float(count) / Float(count - 1) : 1
        for channel in 0..<channels {
            vectors[2][channel] += momentum * (vectors[0][channel] - vectors[2][channel])
            vectors[3][channel] += momentum * (vectors[1][channel] * correction - vectors[3][channel])
        }
    }
}
