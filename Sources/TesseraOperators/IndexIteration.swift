import TesseraCore

extension Shape {
    /// Calls `body` with every index of a tensor of this shape, in row-major order.
    func forEachIndex(_ body: (_ index: [Int]) throws -> Void) rethrows {
        guard elementCount > 0 else { return }
        var index = [Int](repeating: 0, count: rank)
        while true {
            try body(index)
            var axis = rank - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < dimensions[axis] { break }
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}

/// The axis that `axis` means in a shape of that rank; negative counts from the end.
///
/// - Throws: `invalidArgument` if there is no such axis.
func resolveAxis(_ axis: Int, rank: Int, key: String = "axis") throws -> Int {
    let resolved = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(resolved) else {
        let places = rank > 0 ? "0 to \(rank - 1), or -\(rank) to -1 from the end" : "none"
        throw TesseraError(
            .invalidArgument, "'\(key)' expects an axis of an input with \(rank) axes, \(places), found \(axis)")
    }
    return resolved
}
