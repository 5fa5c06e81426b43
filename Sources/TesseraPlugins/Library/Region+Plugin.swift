import CTesseraPlugin
import TesseraCore

extension Shape {
    /// - Throws: `shapeMismatch` if it has more axes than the interface of plugins.
    func shown() throws -> tessera_shape {
        var shown = tessera_shape()
        let (sizes, limit) = (dimensions, Int(TESSERA_MAX_RANK))
        guard sizes.count <= limit else {
            throw TesseraError(.shapeMismatch, "expected at most \(limit) axes for a plugin, found \(self)")
        }
        shown.rank = UInt32(sizes.count)
        withUnsafeMutableBytes(of: &shown.sizes) { bytes in
            for (axis, size) in sizes.enumerated() { bytes.bindMemory(to: Int64.self)[axis] = Int64(size) }
        }
        return shown
    }

    /// - Throws: `shapeMismatch` for a shape that cannot be.
    init(shown: tessera_shape) throws {
        guard shown.rank <= TESSERA_MAX_RANK else {
            throw TesseraError(.shapeMismatch, "expected at most \(TESSERA_MAX_RANK) axes, found \(shown.rank)")
        }
        let sizes = withUnsafeBytes(of: shown.sizes) { Array($0.bindMemory(to: Int64.self).prefix(Int(shown.rank))) }
        guard sizes.allSatisfy({ (0...(1 << 31)).contains($0) }) else {
            throw TesseraError(.shapeMismatch, "expected sizes of at least 0, found \(sizes)")
        }
        self.init(sizes.map(Int.init))
    }
}

extension Region {
    /// - Throws: `shapeMismatch` if it has more axes than the interface of plugins.
    func shown() throws -> tessera_region {
        var shown = tessera_region()
        let (ranges, limit) = (ranges, Int(TESSERA_MAX_RANK))
        guard ranges.count <= limit else {
            throw TesseraError(.shapeMismatch, "expected at most \(limit) axes for a plugin, found \(self)")
        }
        shown.rank = UInt32(ranges.count)
        withUnsafeMutableBytes(of: &shown.start) { bytes in
            for (axis, range) in ranges.enumerated() {
                bytes.bindMemory(to: Int64.self)[axis] = Int64(range.lowerBound)
            }
        }
        withUnsafeMutableBytes(of: &shown.end) { bytes in
            for (axis, range) in ranges.enumerated() {
                bytes.bindMemory(to: Int64.self)[axis] = Int64(range.upperBound)
            }
        }
        return shown
    }

    /// - Throws: `invalidArgument` for a region that does not lie within a shape.
    init(shown: tessera_region, within shape: Shape) throws {
        guard Int(shown.rank) == shape.rank else {
            throw TesseraError(
                .invalidArgument, "expected a region of \(shape.rank) axes inside \(shape), found \(shown.rank)")
        }
        let starts = withUnsafeBytes(of: shown.start) { Array($0.bindMemory(to: Int64.self).prefix(shape.rank)) }
        let ends = withUnsafeBytes(of: shown.end) { Array($0.bindMemory(to: Int64.self).prefix(shape.rank)) }
        for (axis, (start, end)) in zip(starts, ends).enumerated() where start < 0 || end > shape[axis] || start > end {
            throw TesseraError(
                .invalidArgument, "expected a region inside \(shape), found \(start)..<\(end) along axis \(axis)")
        }
        self.init(zip(starts, ends).map { Int($0)..<Int($1) })
    }
}
