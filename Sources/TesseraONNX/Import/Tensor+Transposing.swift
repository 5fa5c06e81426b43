import TesseraCore

extension Tensor {
    /// The elements with the axes in another order: axis i of the result is axis `order[i]` of this.
    ///
    /// - Throws: `shapeMismatch` if `order` does not list every axis once.
    func transposed(_ order: [Int]) throws -> Tensor {
        guard order.sorted() == Array(0..<shape.rank) else {
            throw TesseraError(.shapeMismatch, "expected an order of the \(shape.rank) axes, found \(order)")
        }
        let (sizes, strides) = (order.map { shape[$0] }, order.map { shape.strides[$0] })
        var result = try Tensor(zeros: Shape(sizes), elementType: elementType)
        let size = elementType.byteCount
        guard elementCount > 0 else { return result }
        withUnsafeBytes { source in
            result.withUnsafeMutableBytes { target in
                var index = [Int](repeating: 0, count: sizes.count)
                var offset = 0
                for position in 0..<elementCount {
                    target[(position * size)..<(position * size + size)].copyBytes(
                        from: source[(offset * size)..<(offset * size + size)])
                    var axis = sizes.count - 1
                    while axis >= 0 {
                        index[axis] += 1
                        offset += strides[axis]
                        if index[axis] < sizes[axis] { break }
                        offset -= strides[axis] * sizes[axis]
                        index[axis] = 0
                        axis -= 1
                    }
                }
            }
        }
        return result
    }

    /// The rows from `range` along the first axis.
    func rows(_ range: Range<Int>) throws -> Tensor {
        let rowSize = shape.dimensions.dropFirst().reduce(elementType.byteCount, *)
        return try withUnsafeBytes { bytes in
            try Tensor(
                copying: UnsafeRawBufferPointer(
                    rebasing: bytes[(range.lowerBound * rowSize)..<(range.upperBound * rowSize)]),
                shape: Shape([range.count] + shape.dimensions.dropFirst()), elementType: elementType)
        }
    }
}
