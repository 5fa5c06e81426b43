import TesseraCore

extension Tensor {
    /// The f32 tensor with zeros at the given positions along some axes.
    ///
    /// - Throws: `invalidArgument` for another element type.
    func zeroing(_ positions: [Int: Set<Int>]) throws -> Tensor {
        var result = self
        let (shape, strides) = (shape, shape.strides)
        try result.withMutableFloats { floats in
            for (axis, indices) in positions {
                let (step, size) = (strides[axis], shape[axis])
                for start in stride(from: 0, to: floats.count, by: step * size) {
                    for index in indices {
                        for offset in start + index * step..<start + (index + 1) * step { floats[offset] = 0 }
                    }
                }
            }
        }
        return result
    }

    /// The tensor without the given positions along some axes.
    func removing(_ positions: [Int: Set<Int>]) throws -> Tensor {
        var result = self
        for (axis, indices) in positions.sorted(by: { $0.key < $1.key }) {
            let kept = (0..<result.shape[axis]).filter { !indices.contains($0) }
            result = try result.keeping(kept, along: axis)
        }
        return result
    }

    /// The tensor of the given positions along an axis.
    private func keeping(_ positions: [Int], along axis: Int) throws -> Tensor {
        var shape = shape
        let (step, size) = (shape.strides[axis], shape[axis])
        shape[axis] = positions.count
        let outside = size * step == 0 ? 0 : elementCount / (size * step)
        var offsets: [Int] = []
        offsets.reserveCapacity(shape.elementCount)
        for block in 0..<outside {
            for position in positions {
                let start = (block * size + position) * step
                offsets += start..<start + step
            }
        }
        return try elements(at: offsets, shape: shape)
    }

    /// The elements at the given positions along an axis, in order of memory, as numbers that can be computed with.
    ///
    /// - Throws: `invalidArgument` unless it is of f32.
    func values(at positions: [Int], along axis: Int) throws -> [Float] {
        let (step, size) = (shape.strides[axis], shape[axis])
        return try withFloats { floats in
            var result: [Float] = []
            for start in stride(from: 0, to: floats.count, by: max(1, step * size)) {
                for position in positions { result += floats[start + position * step..<start + (position + 1) * step] }
            }
            return result
        }
    }
}
