import Foundation

extension Tensor {
    /// A copy of the elements in `region`.
    ///
    /// - Throws: `shapeMismatch` if the region is not inside this tensor.
    public func cropped(to region: Region) throws -> Tensor {
        try requireInside(region)
        if region == Region(whole: shape) { return self }
        var result = try Tensor(unwritten: region.shape, elementType: elementType)
        result.withUnsafeMutableBytes { target in
            withUnsafeBytes { source in
                elementType.forEachRow(of: region, in: shape) { offset, rowBytes, index in
                    copyBytes(to: target, at: index * rowBytes, from: source, at: offset, count: rowBytes)
                }
            }
        }
        return result
    }

    /// Writes `tile` over the elements in `region`.
    ///
    /// - Throws: `shapeMismatch` if the region is not inside this tensor, or the tile is of another shape or type.
    public mutating func paste(_ tile: Tensor, at region: Region) throws {
        try requireInside(region)
        guard tile.shape == region.shape, tile.elementType == elementType else {
            throw TesseraError(
                .shapeMismatch,
                "expected a tile of \(region.shape) \(elementType), found \(tile.shape) \(tile.elementType)")
        }
        // Not through `self` in the closure: a second reference would make the write a copy of all elements.
        let (shape, elementType) = (shape, elementType)
        withUnsafeMutableBytes { target in
            tile.withUnsafeBytes { source in
                elementType.forEachRow(of: region, in: shape) { offset, rowBytes, index in
                    copyBytes(to: target, at: offset, from: source, at: index * rowBytes, count: rowBytes)
                }
            }
        }
    }

    /// Writes the elements in one region of `source` over those in another region of this tensor, of the same shape.
    ///
    /// - Throws: `shapeMismatch` if a region is not inside its tensor, or shapes or types differ.
    public mutating func paste(_ part: Region, of source: Tensor, at region: Region) throws {
        if part == Region(whole: source.shape) { return try paste(source, at: region) }
        try requireInside(region)
        try source.requireInside(part)
        guard part.shape == region.shape, source.elementType == elementType else {
            throw TesseraError(
                .shapeMismatch,
                "expected a part of \(region.shape) \(elementType), found \(part.shape) \(source.elementType)")
        }
        let (shape, elementType) = (shape, elementType)
        var starts: [Int] = []
        elementType.forEachRow(of: part, in: source.shape) { offset, _, _ in starts.append(offset) }
        withUnsafeMutableBytes { target in
            source.withUnsafeBytes { bytes in
                elementType.forEachRow(of: region, in: shape) { offset, rowBytes, index in
                    copyBytes(to: target, at: offset, from: bytes, at: starts[index], count: rowBytes)
                }
            }
        }
    }

    private func requireInside(_ region: Region) throws {
        guard region.rank == shape.rank, Region(whole: shape).contains(region) else {
            throw TesseraError(.shapeMismatch, "expected a region inside \(shape), found \(region)")
        }
    }
}

extension ElementType {
    /// Calls `body(offset, bytes, index)` for each contiguous row of `region`: its byte offset in a tensor of `shape`, its
    /// length, its count.
    fileprivate func forEachRow(of region: Region, in shape: Shape, _ body: (Int, Int, Int) -> Void) {
        guard !region.isEmpty else { return }
        let size = byteCount
        guard let last = region.ranges.last else { return body(0, size, 0) }
        let strides = shape.strides
        let outer = Array(region.ranges.dropLast())
        let rowBytes = last.count * size
        var position = outer.map(\.lowerBound)
        var index = 0
        while true {
            let element = zip(position, strides).reduce(last.lowerBound) { $0 + $1.0 * $1.1 }
            body(element * size, rowBytes, index)
            index += 1
            var axis = outer.count - 1
            while axis >= 0 {
                position[axis] += 1
                if position[axis] < outer[axis].upperBound { break }
                position[axis] = outer[axis].lowerBound
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}

private func copyBytes(
    to target: UnsafeMutableRawBufferPointer, at targetOffset: Int,
    from source: UnsafeRawBufferPointer, at sourceOffset: Int, count: Int
) {
    UnsafeMutableRawBufferPointer(rebasing: target[targetOffset..<targetOffset + count])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[sourceOffset..<sourceOffset + count]))
}

extension Tensor {
    /// A tensor whose elements are copies of this one's, at the given row-major offsets. Where an offset is negative, the only
    /// element of `filler` stands, or zero without one.
    ///
    /// - Throws: `shapeMismatch` if there are not as many offsets as the shape has elements, or one is beyond the end.
    public func elements(at offsets: [Int], shape: Shape, filler: Tensor? = nil) throws -> Tensor {
        guard offsets.count == shape.elementCount, offsets.allSatisfy({ $0 < elementCount }) else {
            throw TesseraError(
                .shapeMismatch, "expected \(shape.elementCount) offsets below \(elementCount), found \(offsets.count)")
        }
        guard filler.map({ $0.elementType == elementType && $0.elementCount == 1 }) ?? true else {
            throw TesseraError(.shapeMismatch, "expected a filler of one \(elementType)")
        }
        var result = try Tensor(zeros: shape, elementType: elementType)
        let size = elementType.byteCount
        result.withUnsafeMutableBytes { target in
            withUnsafeBytes { source in
                for (index, offset) in offsets.enumerated() where offset >= 0 {
                    copyBytes(to: target, at: index * size, from: source, at: offset * size, count: size)
                }
            }
            filler?.withUnsafeBytes { source in
                for (index, offset) in offsets.enumerated() where offset < 0 {
                    copyBytes(to: target, at: index * size, from: source, at: 0, count: size)
                }
            }
        }
        return result
    }
}
