import TesseraCore

extension Resize {
    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let input = inputs[0]
        let parts = try axisParts(of: input.shape)
        let shape = Shape(parts.map(\.output.count))
        guard shape.elementCount > 0 else { return [try Tensor(zeros: shape, elementType: input.elementType)] }
        let taps = try zip(parts, input.shape.dimensions).map { try localTaps($0, size: $1) }
        if mode == .nearest { return [try nearest(input, taps, shape)] }

        var values = input.reals()
        var sizes = input.shape.dimensions
        for (axis, taps) in taps.enumerated().reversed() {
            guard let taps else { continue }
            values = Self.resized(values, taps, axis: axis, of: sizes, to: shape[axis])
            sizes[axis] = shape[axis]
        }
        fillOutside(taps, shape, &values)
        return [try Tensor(reals: values, shape: shape, elementType: input.elementType)]
    }

    /// The taps of an axis with positions in the part of the input that is given, nil if nothing changes.
    private func localTaps(_ part: AxisPart, size: Int) throws -> ResizeTaps? {
        if part.whole.isIdentity, part.inputStart == part.output.lowerBound, part.output.count == size { return nil }
        var taps =
            part.whole.isIdentity
            ? ResizeTaps(
                count: 1, positions: Array(part.output), weights: part.output.map { _ in 1 })
            : taps(part.whole, part.output)
        for index in taps.positions.indices { taps.positions[index] -= part.inputStart }
        guard taps.positions.allSatisfy((0..<size).contains) else {
            throw TesseraError(
                .shapeMismatch, "'part' needs more of the input than the \(size) elements that are given")
        }
        return taps
    }

    /// Values whose one axis is resized.
    private static func resized(
        _ values: [Double], _ taps: ResizeTaps, axis: Int, of sizes: [Int], to size: Int
    ) -> [Double] {
        let outer = sizes[..<axis].reduce(1, *)
        let inner = sizes[(axis + 1)...].reduce(1, *)
        return [Double](unsafeUninitializedCapacity: outer * size * inner) { result, count in
            values.withUnsafeBufferPointer { source in
                taps.positions.withUnsafeBufferPointer { positions in
                    taps.weights.withUnsafeBufferPointer { weights in
                        let table = TapTable(count: taps.count, positions: positions, weights: weights)
                        for block in 0..<outer {
                            for pixel in 0..<size {
                                table.sum(
                                    pixel, source, from: block * sizes[axis] * inner, inner: inner, into: result,
                                    at: (block * size + pixel) * inner)
                            }
                        }
                    }
                }
            }
            count = outer * size * inner
        }
    }

    /// Puts the extrapolation value where a pixel lies beyond the input.
    private func fillOutside(_ taps: [ResizeTaps?], _ shape: Shape, _ values: inout [Double]) {
        for (axis, taps) in taps.enumerated() {
            guard let outside = taps?.isOutside, outside.contains(true) else { continue }
            let stride = shape.strides[axis]
            for index in values.indices where outside[index / stride % shape[axis]] { values[index] = extrapolation }
        }
    }
}

/// The taps of an axis, for the innermost loops.
private struct TapTable {
    let count: Int
    let positions: UnsafeBufferPointer<Int>
    let weights: UnsafeBufferPointer<Double>

    /// Writes `inner` neighbouring weighted sums.
    @inline(__always)
    func sum(
        _ pixel: Int, _ source: UnsafeBufferPointer<Double>, from base: Int, inner: Int,
        into result: UnsafeMutableBufferPointer<Double>, at row: Int
    ) {
        let range = pixel * count..<(pixel + 1) * count
        if inner == 1 {
            var sum = 0.0
            for tap in range { sum += weights[tap] * source[base + positions[tap]] }
            result[row] = sum
            return
        }
        for index in 0..<inner { result[row + index] = 0 }
        for tap in range {
            let (weight, start) = (weights[tap], base + positions[tap] * inner)
            for index in 0..<inner { result[row + index] += weight * source[start + index] }
        }
    }
}

/// The nearest pixels are copied, whatever type they have.
extension Resize {
    private func nearest(_ input: Tensor, _ taps: [ResizeTaps?], _ shape: Shape) throws -> Tensor {
        // For each axis, where its pixels lie; -1 beyond the input.
        let strides = input.shape.strides
        let offsets = zip(taps.indices, taps).map { axis, taps in
            guard let taps else { return (0..<shape[axis]).map { $0 * strides[axis] } }
            return taps.positions.enumerated().map { index, position in
                !taps.isOutside.isEmpty && taps.isOutside[index] ? -1 : position * strides[axis]
            }
        }
        let filler = try Tensor(reals: [extrapolation], shape: [1], elementType: input.elementType)
        var result = try Tensor(zeros: shape, elementType: input.elementType)
        result.withUnsafeMutableBytes { target in
            switch input.elementType.byteCount {
            case 1: Self.gather(UInt8.self, input, filler, offsets, target)
            case 2: Self.gather(UInt16.self, input, filler, offsets, target)
            case 4: Self.gather(UInt32.self, input, filler, offsets, target)
            default: Self.gather(UInt64.self, input, filler, offsets, target)
            }
        }
        return result
    }

    private static func gather<Element: FixedWidthInteger>(
        _ type: Element.Type, _ input: Tensor, _ filler: Tensor, _ offsets: [[Int]],
        _ target: UnsafeMutableRawBufferPointer
    ) {
        let filler = filler.withElements(as: type) { $0.first ?? 0 }
        input.withElements(as: type) { gather($0, filler, offsets, target.bindMemory(to: type)) }
    }

    private static func gather<Element: FixedWidthInteger>(
        _ source: UnsafeBufferPointer<Element>, _ filler: Element, _ offsets: [[Int]],
        _ target: UnsafeMutableBufferPointer<Element>
    ) {
        var next = 0
        func visit(_ axis: Int, _ base: Int) {
            guard axis < offsets.count - 1 else {
                guard let last = offsets.last else { return target[0] = source[0] }
                for offset in last {
                    target[next] = base < 0 || offset < 0 ? filler : source[base + offset]
                    next += 1
                }
                return
            }
            for offset in offsets[axis] { visit(axis + 1, base < 0 || offset < 0 ? -1 : base + offset) }
        }
        visit(0, 0)
    }
}
