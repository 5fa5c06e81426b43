import TesseraCore

/// Regions of one map in the order of one axis, so that those that a part of it meets are found without looking at all of them.
struct RegionIndex {
    private let regions: [Region]
    /// The axis along which the regions begin at the most places.
    private let axis: Int
    /// Positions in `regions`, by where they begin along that axis.
    private let order: [Int]
    /// By place in `order`, the last end of the regions up to there.
    private let ends: [Int]

    init(_ regions: [Region]) {
        self.regions = regions
        let starts = (0..<(regions.first?.rank ?? 0)).map { axis in Set(regions.map { $0[axis].lowerBound }).count }
        let axis = starts.indices.max { starts[$0] < starts[$1] } ?? 0
        self.axis = axis
        order = regions.indices.sorted { (regions[$0][axis].lowerBound, $0) < (regions[$1][axis].lowerBound, $1) }
        var end = Int.min
        ends = order.map { position in
            end = max(end, regions[position][axis].upperBound)
            return end
        }
    }

    /// The positions, in ascending order, of the regions that overlap another one of as many axes.
    func regions(thatOverlap region: Region) -> [Int] {
        guard !order.isEmpty else { return [] }
        let range = region[axis]
        let first = firstPlace { ends[$0] > range.lowerBound }
        let end = firstPlace { regions[order[$0]][axis].lowerBound >= range.upperBound }
        guard first < end else { return [] }
        return order[first..<end].filter { regions[$0].overlaps(region) }.sorted()
    }

    /// The first place in `order` for which something holds that holds for all after it, too.
    private func firstPlace(_ holds: (Int) -> Bool) -> Int {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
