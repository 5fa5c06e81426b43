import TesseraCore

/// How a value is drawn: a map by its height and width; one that is divided along channels, and whatever is no map, as a bar of its
/// channels or features.
struct PlanOutline {
    private let shape: Shape
    private let isMap: Bool
    let width: Double
    let height: Double

    private static let barHeight = 40.0

    /// - Parameters:
    ///   - regions: the parts that are drawn.
    ///   - side: the longer side of what is drawn.
    init(_ shape: Shape, regions: [Region], side: Double) {
        self.shape = shape
        let isMap = shape.rank == 4 && regions.allSatisfy { $0[1].count == shape[1] }
        self.isMap = isMap
        let scale = isMap ? side / Double(max(shape[2], shape[3])) : 1
        width = isMap ? Double(shape[3]) * scale : side
        height = isMap ? Double(shape[2]) * scale : Self.barHeight
    }

    /// Where a part lies from left to right.
    func columns(of region: Region) -> Range<Double> {
        let axis = isMap ? 3 : 1
        return Self.place(of: region[axis], of: shape[axis], in: width)
    }

    /// Where a part lies from top to bottom.
    func rows(of region: Region) -> Range<Double> {
        isMap ? Self.place(of: region[2], of: shape[2], in: height) : 0..<height
    }

    private static func place(of range: Range<Int>, of size: Int, in length: Double) -> Range<Double> {
        let scale = length / Double(max(size, 1))
        return Double(range.lowerBound) * scale..<Double(range.upperBound) * scale
    }

    /// The size in words: width, height and channels of a map.
    var label: String {
        let sizes = shape.rank == 4 ? [shape[3], shape[2], shape[1]] : Array(shape.dimensions.dropFirst())
        return Shape(sizes).description
    }
}
