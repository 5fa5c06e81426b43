import TesseraCore

/// The geometry of a transposed convolution: input position `i` adds to the output positions
/// `i * stride - before + k * dilation` for `k` in `0..<kernel`.
public struct TransposedWindow: Sendable, Equatable {
    public struct Axis: Sendable, Equatable {
        public var kernel: Int
        public var stride: Int
        public var dilation: Int
        /// Positions dropped before the first one; negative ones are added, and hold the bias alone.
        public var before: Int
        /// The size of the input and of the output.
        public var input: Int
        public var output: Int

        /// Elements from the first to the last that one window touches.
        public var extent: Int { (kernel - 1) * dilation + 1 }

        /// Positions dropped after the last one.
        var after: Int { (input - 1) * stride + extent - before - output }

        /// The input positions that add to output positions through kernel element `k`.
        func contributors(_ k: Int) -> Range<Int> {
            let offset = k * dilation - before
            let first = max(0, offset >= 0 ? 0 : (-offset + stride - 1) / stride)
            let end = output <= offset ? 0 : min(input, (output - offset + stride - 1) / stride)
            return first..<max(first, end)
        }

        /// What output positions `range` need of the input, never nothing, and what remains to be dropped.
        func inverse(_ range: Range<Int>) -> (input: Range<Int>, before: Int, after: Int) {
            let low = range.lowerBound + before - (extent - 1)
            let first = low <= 0 ? 0 : (low + stride - 1) / stride
            let last = range.upperBound - 1 + before
            let start = min(first, input - 1)
            let end = max(start + 1, min(input, last < 0 ? 0 : last / stride + 1))
            let remaining = before + range.lowerBound - start * stride
            return (start..<end, remaining, (end - start - 1) * stride + extent - remaining - range.count)
        }
    }

    public var axes: [Axis]
}

extension ConvTranspose {
    /// The window over an input, with padding and output sizes resolved.
    ///
    /// - Throws: `shapeMismatch` if the input has no spatial axis, a key has the wrong number of values, or nothing is left.
    public func window(over input: Shape) throws -> TransposedWindow {
        let rank = input.rank - 2
        guard (1...3).contains(rank) else {
            throw TesseraError(
                .shapeMismatch, "expected an input of batch, channels and 1 to 3 spatial axes, found \(input)")
        }
        guard input.spatial.allSatisfy({ $0 > 0 }) else {
            throw TesseraError(.shapeMismatch, "expected an input with pixels, found \(input)")
        }
        let kernels = try kernel.expanded(to: rank, key: "kernel")
        let strides = try stride.expanded(to: rank, key: "stride")
        let dilations = try dilation.expanded(to: rank, key: "dilation")
        let extra = try outputPadding.expanded(to: rank, minimum: 0, key: "output_padding")
        if let outputSize, outputSize.count != rank {
            throw TesseraError(
                .shapeMismatch, "'output_size' expects \(rank) values for the input of \(input), found \(outputSize)")
        }
        let sides = try explicitSides(rank: rank)
        let axes = try (0..<rank).map { index in
            var axis = TransposedWindow.Axis(
                kernel: kernels[index], stride: strides[index], dilation: dilations[index], before: 0,
                input: input.dimensions[index + 2], output: 0)
            let reach = Shape.saturatingProduct(axis.input - 1, axis.stride)
            guard reach < 1 << 42, axis.extent < 1 << 42 else {
                throw TesseraError(.outOfMemory, "an output over \(input) with a stride of \(axis.stride) is too large")
            }
            let full = reach + axis.extent + extra[index]
            if let sides {
                (axis.before, axis.output) = (sides[index].before, full - sides[index].before - sides[index].after)
            } else {
                axis.output = outputSize?[index] ?? Shape.saturatingProduct(axis.input, axis.stride)
                axis.before = part(of: max(0, full - axis.output))
            }
            return axis
        }
        guard axes.allSatisfy({ $0.output > 0 }) else {
            throw TesseraError(
                .shapeMismatch, "inputs of \(input) leave nothing: the output would be \(axes.map(\.output))")
        }
        return TransposedWindow(axes: axes)
    }

    /// The padding that is written down, nil if it follows from a size.
    private func explicitSides(rank: Int) throws -> [(before: Int, after: Int)]? {
        guard outputSize == nil, case .explicit(let values) = padding else { return nil }
        return try Padding.sides(values, rank: rank)
    }

    /// The part of a total of padding that stands before. The odd rest goes there unless `same` is written, as in ONNX.
    private func part(of total: Int) -> Int { padding == .same ? total / 2 : total - total / 2 }
}
