import Foundation

extension Tensor {
    /// A copy of the elements in `region`.
    ///
    /// - Throws: `shapeMismatch` if the region is not inside this tensor.
    public func cropped(to region: Region) throws -> Tensor {
        try requireInside(region)
        if region == Region(whole: shape) { return self }
        var result = try Tensor(unwritten: region.shape, elementType: elementType)
        try result.paste(region, of: self, at: Region(whole: result.shape))
        return result
    }

    /// Writes `tile` over the elements in `region`.
    ///
    /// - Throws: `shapeMismatch` if the region is not inside this tensor, or the tile is of another shape or type.
    public mutating func paste(_ tile: Tensor, at region: Region) throws {
        try paste(Region(whole: tile.shape), of: tile, at: region)
    }

    /// Writes the elements in one region of `source` over those in another region of this tensor, of the same shape.
    ///
    /// - Throws: `shapeMismatch` if a region is not inside its tensor, or shapes or types differ.
    public mutating func paste(_ part: Region, of source: Tensor, at region: Region) throws {
        try requireInside(region)
        try source.requireInside(part)
        guard part.shape == region.shape, source.elementType == elementType else {
            throw TesseraError(
                .shapeMismatch,
                "expected a part of \(region.shape) \(elementType), found \(part.shape) \(source.elementType)")
        }
        guard !part.isEmpty else { return }
        let runs = ContiguousRuns(part, in: source.shape, region, in: shape)
        let size = elementType.byteCount
        withUnsafeMutableBytes { target in
            source.withUnsafeBytes { bytes in
                runs.forEach { from, to in
                    copyBytes(to: target, at: to * size, from: bytes, at: from * size, count: runs.length * size)
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

/// The elements of two regions of the same shape, in two tensors, as runs that are contiguous in both.
private struct ContiguousRuns {
    /// The elements of each run.
    let length: Int
    /// The axes of which every index is another run, and how far apart their neighbours are.
    private let axes: [(count: Int, source: Int, target: Int)]
    private let start: (source: Int, target: Int)

    init(_ source: Region, in sourceShape: Shape, _ target: Region, in targetShape: Shape) {
        let counts = source.ranges.map(\.count)
        let strides = (source: sourceShape.strides, target: targetShape.strides)
        func offset(_ region: Region, _ strides: [Int]) -> Int {
            zip(region.ranges, strides).reduce(0) { $0 + $1.0.lowerBound * $1.1 }
        }
        start = (offset(source, strides.source), offset(target, strides.target))
        var length = 1
        var axis = counts.count
        // An axis goes on where the one after it ends, if both regions have all of that.
        while axis > 0, strides.source[axis - 1] == length, strides.target[axis - 1] == length {
            axis -= 1
            length *= counts[axis]
        }
        self.length = length
        axes = (0..<axis).map { (counts[$0], strides.source[$0], strides.target[$0]) }
    }

    /// Calls `body` with where each run begins in both tensors, in elements.
    func forEach(_ body: (_ source: Int, _ target: Int) -> Void) {
        var place = axes.map { _ in 0 }
        var (source, target) = start
        while true {
            body(source, target)
            var axis = axes.count - 1
            while axis >= 0 {
                source += axes[axis].source
                target += axes[axis].target
                place[axis] += 1
                if place[axis] < axes[axis].count { break }
                source -= axes[axis].source * axes[axis].count
                target -= axes[axis].target * axes[axis].count
                place[axis] = 0
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
