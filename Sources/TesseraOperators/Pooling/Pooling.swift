import TesseraCore

/// What max and average pooling share.
public protocol Pooling: Operator {
    var kernel: PerAxis { get }
    var stride: PerAxis? { get }
    var padding: Padding { get set }
    var dilation: PerAxis { get }
    var ceilMode: Bool { get }

    /// The pooled value of one window.
    ///
    /// - Parameters:
    ///   - values: what the window sees inside the input.
    ///   - positions: how many of its positions are inside the input or its padding.
    func pool(_ values: [Double], positions: Int) -> Double
}

extension Pooling {
    public static var shapes: String { "[batch, channels, 1 to 3 spatial axes] → [batch, channels, spatial axes]" }

    /// The window over an input, with padding resolved.
    ///
    /// - Throws: `shapeMismatch` if a window would see padding alone: if padding is not smaller than the window, or all of the
    ///   input lies between the elements of a dilated one.
    public func window(over input: Shape) throws -> SlidingWindow {
        let window = try SlidingWindow(
            input: input, kernel: kernel, stride: stride ?? kernel, dilation: dilation, padding: padding, ceil: ceilMode
        )
        for axis in window.axes
        where !(0..<axis.extent).contains(axis.before) || !(0..<axis.extent).contains(axis.after) {
            throw TesseraError(
                .shapeMismatch,
                "expected padding from 0 to less than the window of \(axis.extent), found \(axis.before) and \(axis.after)"
            )
        }
        for (axis, size) in zip(window.axes, input.spatial) where !axis.alwaysSeesInput(size) {
            throw TesseraError(
                .shapeMismatch,
                "expected every window to see some of \(size) elements, found a dilation of \(axis.dilation)")
        }
        return window
    }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { [try pooledShape(of: inputs[0])] }

    func pooledShape(of input: Shape) throws -> Shape {
        try window(over: input).output(of: input, channels: input[1])
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        try part(region, of: inputs[0])
    }

    func part(_ region: Region, of input: Shape) throws -> OperatorTile {
        let (ranges, remaining) = try window(over: input).inverse(region.ranges.dropFirst(2), input: input)
        var op = self
        op.padding = remaining.padding
        return OperatorTile(op: op, inputs: [Region(region.ranges.prefix(2) + ranges)])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] { [try pooled(inputs[0])] }

    func pooled(_ input: Tensor) throws -> Tensor {
        let window = try window(over: input.shape)
        let sizes = Array(input.shape.spatial)
        let pixels = sizes.reduce(1, *)
        let shape = try pooledShape(of: input.shape)
        let x = input.reals()
        var y: [Double] = []
        y.reserveCapacity(shape.elementCount)
        shape.forEachIndex { index in
            let offset = (index[0] * input.shape[1] + index[1]) * pixels
            let position = Array(index.dropFirst(2))
            var values: [Double] = []
            window.forEachElement(at: position, sizes: sizes) { _, p in values.append(x[offset + p]) }
            y.append(pool(values, positions: window.paddedPositions(at: position, sizes: sizes)))
        }
        return try Tensor(reals: y, shape: shape, elementType: input.elementType)
    }
}

extension SlidingWindow {
    /// Positions of the window at `position` that are inside the input or its padding, but not beyond (ceil mode).
    func paddedPositions(at position: [Int], sizes: [Int]) -> Int {
        var count = 1
        for (axis, (o, size)) in zip(axes, zip(position, sizes)) {
            count *= (0..<axis.kernel).count { o * axis.stride + $0 * axis.dilation < axis.before + size + axis.after }
        }
        return count
    }
}

extension SlidingWindow.Axis {
    /// Whether every window position sees an element of the input, given that it overlaps the input.
    fileprivate func alwaysSeesInput(_ size: Int) -> Bool {
        // Only a gap wider than the input can hide it, and only from windows that start before it.
        guard dilation > size else { return true }
        return (0..<min(outputSize(size), (before + stride - 1) / stride)).allSatisfy { position in
            let start = position * stride - before
            let first = (dilation - 1 - start) / dilation
            return first < kernel && start + first * dilation < size
        }
    }
}
