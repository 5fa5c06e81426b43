import TesseraCore

/// The geometry that convolutions and poolings share: a window that slides over the spatial axes.
///
/// Output position `o` sees input positions `o * stride - before + k * dilation` for `k` in `0..<kernel`.
public struct SlidingWindow: Sendable, Equatable {
    public struct Axis: Sendable, Equatable {
        public var kernel: Int
        public var stride: Int
        public var dilation: Int
        /// Padding before the first and after the last element; negative drops elements.
        public var before = 0
        public var after = 0
        /// True if a last window that is not quite full counts (PyTorch's `ceil_mode`).
        public var ceil = false

        public init(kernel: Int, stride: Int, dilation: Int, before: Int = 0, after: Int = 0, ceil: Bool = false) {
            (self.kernel, self.stride, self.dilation) = (kernel, stride, dilation)
            (self.before, self.after, self.ceil) = (before, after, ceil)
        }

        /// Elements from the first to the last that one window touches.
        public var extent: Int { (kernel - 1) * dilation + 1 }

        /// Number of window positions over `size` elements.
        public func outputSize(_ size: Int) -> Int {
            let room = size + before + after - extent
            guard room + (ceil ? stride - 1 : 0) >= 0 else { return 0 }
            guard ceil else { return room / stride + 1 }
            let count = (room + stride - 1) / stride + 1
            // A window that would start in the padding at the end is left out.
            return (count - 1) * stride >= size + before ? count - 1 : count
        }

        /// Elements beyond the padded end that the last window touches when rounding up.
        public func overhang(_ size: Int) -> Int {
            max(0, (outputSize(size) - 1) * stride + extent - (size + before + after))
        }

        /// What positions `output` need of `size` input elements, and the padding that is left around it.
        ///
        /// METHODS.md A3: inverts the window and the padding, so a tile inside the map gets no padding at all. The range is
        /// never empty: where a window lies wholly in the padding, its nearest element is kept and the padding is negative
        /// on the other side.
        public func inverse(_ output: Range<Int>, size: Int) -> (input: Range<Int>, axis: Axis) {
            let low = output.lowerBound * stride - before
            // An overhang is left to `ceil`, which the tile's axis keeps: it is no padding that could be counted.
            let high = min((output.upperBound - 1) * stride - before + extent, size + max(after, 0))
            let start = min(max(low, 0), size - 1)
            let end = max(min(high, size), start + 1)
            var axis = self
            axis.before = start - low
            axis.after = high - end
            return (start..<end, axis)
        }
    }

    public var axes: [Axis]

    /// Resolves keys as written for an input of the given shape (batch, channels, spatial axes …).
    ///
    /// - Throws: `shapeMismatch` if the input has no spatial axis or a key has the wrong number of values.
    public init(
        input: Shape, kernel: PerAxis, stride: PerAxis, dilation: PerAxis, padding: Padding, ceil: Bool = false
    ) throws {
        let rank = input.rank - 2
        guard (1...3).contains(rank) else {
            throw TesseraError(
                .shapeMismatch, "expected an input of batch, channels and 1 to 3 spatial axes, found \(input)")
        }
        let (kernels, strides, dilations) = (
            try kernel.expanded(to: rank, key: "kernel"),
            try stride.expanded(to: rank, key: "stride"),
            try dilation.expanded(to: rank, key: "dilation")
        )
        axes = (0..<rank).map {
            Axis(kernel: kernels[$0], stride: strides[$0], dilation: dilations[$0], ceil: ceil)
        }
        for (index, pad) in try padding.resolved(axes, inputs: Array(input.spatial)).enumerated() {
            (axes[index].before, axes[index].after) = pad
        }
    }

    public init(axes: [Axis]) { self.axes = axes }

    /// The shape of the output over an input: a window position for each element of the spatial axes.
    ///
    /// - Throws: `shapeMismatch` if the window does not fit into the input.
    public func output(of input: Shape, channels: Int) throws -> Shape {
        let output = Shape([input[0], channels] + zip(axes, input.spatial).map { $0.outputSize($1) })
        guard output.spatial.allSatisfy({ $0 > 0 }) else {
            throw TesseraError(.shapeMismatch, "inputs of \(input) leave nothing: the output would be \(output)")
        }
        return output
    }

    /// The spatial ranges of the input that `ranges` of the output need, and the window that remains over them.
    public func inverse(_ ranges: ArraySlice<Range<Int>>, input: Shape) -> (ranges: [Range<Int>], window: SlidingWindow)
    {
        let results = zip(axes, zip(ranges, input.spatial)).map { axis, pair in axis.inverse(pair.0, size: pair.1) }
        return (results.map(\.input), SlidingWindow(axes: results.map(\.axis)))
    }

    /// The padding as the explicit key that says the same.
    public var padding: Padding { .explicit(axes.map(\.before) + axes.map(\.after)) }

    /// The sizes of the kernel.
    public var kernelSizes: [Int] { axes.map(\.kernel) }

    /// Calls `body(kernelIndex, inputIndex)` for every element that the window at output position `position` sees inside an
    /// input of the given spatial sizes; both are offsets in row-major order.
    public func forEachElement(at position: [Int], sizes: [Int], _ body: (Int, Int) -> Void) {
        visit(axis: 0, position: position, sizes: sizes, kernelIndex: 0, inputIndex: 0, body)
    }

    private func visit(
        axis: Int, position: [Int], sizes: [Int], kernelIndex: Int, inputIndex: Int, _ body: (Int, Int) -> Void
    ) {
        guard axis < axes.count else { return body(kernelIndex, inputIndex) }
        let window = axes[axis]
        for k in 0..<window.kernel {
            let i = position[axis] * window.stride - window.before + k * window.dilation
            guard i >= 0, i < sizes[axis] else { continue }
            visit(
                axis: axis + 1, position: position, sizes: sizes, kernelIndex: kernelIndex * window.kernel + k,
                inputIndex: inputIndex * sizes[axis] + i, body)
        }
    }
}
