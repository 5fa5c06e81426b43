import COneDNN
import TesseraCore
import TesseraOperators

/// Transposed convolutions: output pixels whose positions leave the same remainder of the stride see the same elements of the
/// kernel, so each such phase is an ordinary convolution with a part of the kernel. Nothing is multiplied by zeros in between, and
/// the choice of kernels that do not depend on the size of the map is that of convolutions.
extension LayerLowering {
    func lower(_ op: ConvTranspose) throws {
        let window = try op.window(over: Shape(shape(input)))
        let weight = try parameter("weight")
        let bias = op.bias ? try vector("bias") : nil
        let phases = try window.phases()
        let counts = phases[0].counts
        var results: [(phase: TransposedWindow.Phase, result: ProgramBuilder.Operand)] = []
        var description = ""
        // All are chosen before the first step is added.
        let choices = try phases.map { phase in
            try Convolution(
                window: phase.window, source: shape(input), target: [shape(input)[0], op.channels] + counts,
                hasBias: op.bias, type: builder.context.type
            ).choose(weight.phase(phase, channels: op.channels, groups: op.groups), groups: op.groups)
        }
        for (phase, choice) in zip(phases, choices) {
            let result = try convolve(choice, phase, bias: bias)
            results.append((phase, try cut(result, to: [shape(input)[0], op.channels] + counts)))
            description = choice.descriptor.implementation
        }
        let whole = try interleaved(results, strides: window.axes.map(\.stride))
        try builder.define(output, as: cut(whole, to: shape(output)))
        builder.describe(description)
    }

    private func convolve(
        _ choice: Convolution.Choice, _ phase: TransposedWindow.Phase, bias: ProgramBuilder.Argument?
    ) throws -> ProgramBuilder.Operand {
        let (descriptor, geometry) = (choice.descriptor, choice.geometry)
        let source: ProgramBuilder.Operand
        if phase.isBlank {
            source = builder.allocate(try .of(descriptor, dnnl_query_src_md, geometry.source))
            builder.fill(source, with: 0)
        } else {
            source = try self.source(of: choice, phase.window)
        }
        let result = builder.allocate(try .of(descriptor, dnnl_query_dst_md, geometry.target))
        try convolve(choice, FusedKernel(descriptor: descriptor, result: result), source: source, bias: bias)
        return result
    }

    /// The phases in one map, each on its own pixels.
    private func interleaved(
        _ phases: [(phase: TransposedWindow.Phase, result: ProgramBuilder.Operand)], strides: [Int]
    ) throws -> ProgramBuilder.Operand {
        let first = phases[0].result
        guard strides.contains(where: { $0 > 1 }) else { return first }
        let counts = phases[0].phase.counts
        let map = first.layout.dimensions.prefix(2) + zip(counts, strides).map { $0 * $1 }
        let target = builder.allocate(try first.layout.like(Array(map)))
        for (phase, result) in phases {
            var part = target
            part.layout = try target.layout.stepping(strides, from: phase.remainders, counts: counts)
            try builder.reorder(from: result, to: part)
        }
        return target
    }
}

extension TransposedWindow {
    /// The output pixels that leave the given remainders of the strides, as a convolution.
    struct Phase {
        var remainders: [Int]
        /// The elements of the kernel that it uses, in reverse.
        var taps: [[Int]]
        var window: SlidingWindow
        /// As many as the phase with the most pixels has.
        var counts: [Int]

        /// Whether no element of the kernel reaches these pixels, so that they hold the bias alone.
        var isBlank: Bool
    }

    /// - Throws: `notSupported` for more phases than are worth a convolution each.
    func phases() throws -> [Phase] {
        let count = axes.map(\.stride).reduce(1, Shape.saturatingProduct)
        guard count <= 64 else { throw TesseraError(.notSupported, "a transposed convolution with \(count) phases") }
        let none = Phase(remainders: [], taps: [], window: SlidingWindow(axes: []), counts: [], isBlank: false)
        return axes.reduce([none]) { phases, axis in
            phases.flatMap { phase in (0..<axis.stride).map { phase.adding(axis, remainder: $0) } }
        }
    }
}

extension TransposedWindow.Phase {
    /// This phase along one more axis.
    fileprivate func adding(_ axis: TransposedWindow.Axis, remainder: Int) -> TransposedWindow.Phase {
        var phase = self
        let start = remainder + axis.before
        let count = (axis.output + axis.stride - 1) / axis.stride
        var taps = (0..<axis.kernel).filter { (start - $0 * axis.dilation) % axis.stride == 0 }
        phase.isBlank = isBlank || taps.isEmpty
        // An element that meets zeros alone stands for none.
        let isAbsent = taps.isEmpty
        if isAbsent { taps = [0] }
        let distance = taps.count > 1 ? (taps[1] - taps[0]) * axis.dilation / axis.stride : 1
        let first = isAbsent ? 0 : (start - taps[0] * axis.dilation) / axis.stride
        var window = SlidingWindow.Axis(kernel: taps.count, stride: 1, dilation: distance)
        window.before = (taps.count - 1) * distance - first
        window.after = count - 1 + window.extent - axis.input - window.before
        phase.remainders.append(remainder)
        phase.taps.append(taps.reversed())
        phase.window = SlidingWindow(axes: self.window.axes + [window])
        phase.counts.append(count)
        return phase
    }
}

extension Tensor {
    /// The weights of a transposed convolution, [input channels, output channels / groups, kernel…], that a phase uses, as those
    /// of a convolution: [output channels, input channels / groups, taps…].
    fileprivate func phase(_ phase: TransposedWindow.Phase, channels: Int, groups: Int) throws -> Tensor {
        let (inputs, outputs) = (shape[0] / groups, channels / groups)
        let kernel = Array(shape.spatial)
        let taps = zip(kernel, phase.taps).reduce([0]) { offsets, axis in
            offsets.flatMap { offset in axis.1.map { offset * axis.0 + $0 } }
        }
        let size = kernel.reduce(1, *)
        let values = try floats()
        var result: [Float] = []
        result.reserveCapacity(channels * inputs * taps.count)
        for output in 0..<channels {
            for input in 0..<inputs {
                let row = (output / outputs * inputs + input) * outputs + output % outputs
                for tap in taps { result.append(phase.isBlank ? 0 : values[row * size + tap]) }
            }
        }
        return try Tensor(result, shape: Shape([channels, inputs] + phase.window.kernelSizes))
    }
}
