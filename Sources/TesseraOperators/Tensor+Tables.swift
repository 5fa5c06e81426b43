import TesseraCore

/// Copies whose every axis is moved by a table of its own: slices, repetitions, transpositions, padding.
extension Tensor {
    /// A tensor whose element at an index is the element of this one at the sum of the row-major offsets that the tables give,
    /// one table for each axis of the result. Where one of them is negative, the only element of `filler` stands, or zero.
    ///
    /// - Throws: `shapeMismatch` for offsets beyond the end.
    func elements(atSumsOf tables: [[Int]], filler: Tensor? = nil) throws -> Tensor {
        let shape = Shape(tables.map(\.count))
        var result = try Tensor(zeros: shape, elementType: elementType)
        guard shape.elementCount > 0 else { return result }
        let largest = tables.reduce(0) { Shape.saturatingSum($0, max(0, $1.max() ?? 0)) }
        let isFilled = tables.contains { $0.contains { $0 < 0 } }
        guard largest < elementCount || (elementCount == 0 && tables.contains { $0.allSatisfy { $0 < 0 } }) else {
            throw TesseraError(.shapeMismatch, "expected offsets below \(elementCount), found \(largest)")
        }
        guard filler.map({ $0.elementType == elementType && $0.elementCount == 1 }) ?? true else {
            throw TesseraError(.shapeMismatch, "expected a filler of one \(elementType)")
        }
        if isFilled, let filler { result = try Tensor(repeating: filler, shape: shape) }
        switch elementType.byteCount {
        case 1: copy(UInt8.self, tables, to: &result)
        case 2: copy(UInt16.self, tables, to: &result)
        case 4: copy(UInt32.self, tables, to: &result)
        default: copy(UInt64.self, tables, to: &result)
        }
        return result
    }

    /// One element many times.
    init(repeating element: Tensor, shape: Shape) throws {
        try self.init(zeros: shape, elementType: element.elementType)
        withUnsafeMutableBytes { target in
            element.withUnsafeBytes { source in
                // Every byte is that of the element at the same place within it.
                for offset in target.indices { target[offset] = source[offset % source.count] }
            }
        }
    }

    /// Writes the elements that no table leaves out; `Word` is any type of the elements' size.
    private func copy<Word>(_ type: Word.Type, _ tables: [[Int]], to result: inout Tensor) {
        result.withUnsafeMutableBytes { targetBytes in
            withElements(as: type) { source in
                let target = targetBytes.bindMemory(to: type)
                guard let row = tables.last else {
                    target[0] = source[0]
                    return
                }
                Shape(tables.dropLast().map(\.count)).forEachRow { index, position in
                    var base = 0
                    for (axis, place) in position.enumerated() {
                        let offset = tables[axis][place]
                        if offset < 0 { return }
                        base += offset
                    }
                    let start = index * row.count
                    for (column, offset) in row.enumerated() where offset >= 0 {
                        target[start + column] = source[base + offset]
                    }
                }
            }
        }
    }
}

extension Shape {
    /// Calls `body` with the count and the index of every element of a tensor of this shape, which has at least one, in
    /// row-major order. Without an array for each, unlike `forEachIndex`.
    fileprivate func forEachRow(_ body: (_ count: Int, _ index: [Int]) -> Void) {
        var index = [Int](repeating: 0, count: rank)
        for count in 0..<elementCount {
            body(count, index)
            for axis in stride(from: rank - 1, through: 0, by: -1) {
                index[axis] += 1
                if index[axis] < dimensions[axis] { break }
                index[axis] = 0
            }
        }
    }

    /// Tables that leave everything where it is.
    var tables: [[Int]] {
        zip(dimensions, strides).map { size, step in (0..<size).map { $0 * step } }
    }
}
