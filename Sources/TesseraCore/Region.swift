/// A box in a tensor: one half-open range for every axis.
///
/// In a picture batch the axes are [batch, channels, y, x], the origin is the top-left pixel, x runs along the top edge
/// and y along the left edge (METHODS.md A2).
public struct Region: Sendable, Hashable, CustomStringConvertible {
    public var ranges: [Range<Int>]

    public init(_ ranges: [Range<Int>]) { self.ranges = ranges }

    /// All of a tensor of the given shape.
    public init(whole shape: Shape) { ranges = shape.dimensions.map { 0..<max(0, $0) } }

    public var rank: Int { ranges.count }
    // Planning asks for these very often, and key paths to generic members are looked up each time.
    public var shape: Shape { Shape(ranges.map { $0.count }) }
    public var isEmpty: Bool { ranges.contains { $0.isEmpty } }
    public var elementCount: Int { ranges.reduce(1) { Shape.saturatingProduct($0, $1.count) } }

    public subscript(_ axis: Int) -> Range<Int> {
        get { ranges[axis] }
        set { ranges[axis] = newValue }
    }

    /// The same region with the range of one axis replaced.
    public func replacing(axis: Int, with range: Range<Int>) -> Region {
        var region = self
        region[axis] = range
        return region
    }

    /// The smallest region that contains both. An empty region adds nothing.
    public func union(_ other: Region) -> Region {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return Region(
            zip(ranges, other.ranges).map { min($0.lowerBound, $1.lowerBound)..<max($0.upperBound, $1.upperBound) })
    }

    /// Whether there is something that both contain.
    public func overlaps(_ other: Region) -> Bool { zip(ranges, other.ranges).allSatisfy { $0.overlaps($1) } }

    /// What both contain, nil if that is nothing.
    public func intersection(_ other: Region) -> Region? {
        overlaps(other) ? Region(zip(ranges, other.ranges).map { $0.clamped(to: $1) }) : nil
    }

    public func contains(_ other: Region) -> Bool {
        other.isEmpty
            || zip(ranges, other.ranges).allSatisfy {
                $0.lowerBound <= $1.lowerBound && $1.upperBound <= $0.upperBound
            }
    }

    /// This region in the coordinates of a tensor that holds just `frame`.
    public func relative(to frame: Region) -> Region {
        Region(
            zip(ranges, frame.ranges).map {
                ($0.lowerBound - $1.lowerBound)..<($0.upperBound - $1.lowerBound)
            })
    }

    /// The label METHODS.md A2 gives a sub-map: its top-left and bottom-right pixel, both inclusive, as `(x,y)-(x,y)`.
    public var pixelLabel: String {
        guard rank == 4, !isEmpty else { return description }
        let (y, x) = (ranges[2], ranges[3])
        return "(\(x.lowerBound),\(y.lowerBound))-(\(x.upperBound - 1),\(y.upperBound - 1))"
    }

    public var description: String {
        "[" + ranges.map { "\($0.lowerBound)..<\($0.upperBound)" }.joined(separator: ", ") + "]"
    }
}
