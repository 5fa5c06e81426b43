import TesseraCore
import TesseraPartition

/// A way to divide a value among nodes: rows of tiles, each divided into columns, or channels. One row is strips of columns, one
/// column is strips of rows; one node has all.
struct Tiling {
    /// By row of tiles, the nodes in it; a single row if channels are divided.
    let rows: [[Int]]
    var dividesChannels = false
    /// How much higher each row of tiles is than the one before it, nodes of the same speed provided. The leader sends one piece
    /// after the other, and gets one result after the other: nodes that begin early, or are done early, have time for more.
    var growth = 1.0
    var nodes: [Int] { rows.flatMap { $0 } }

    /// A node's part of a value. What is no map has one row and one column.
    struct Tile {
        var node: Int
        let channels: Range<Int>
        let rows: Range<Int>
        let columns: Range<Int>

        init(node: Int, channels: Range<Int>, rows: Range<Int>, columns: Range<Int>) {
            (self.node, self.channels, self.rows, self.columns) = (node, channels, rows, columns)
        }

        init(node: Int, _ region: Region) {
            let isMap = region.rank == 4
            self.init(
                node: node, channels: region[1], rows: isMap ? region[2] : 0..<1, columns: isMap ? region[3] : 0..<1)
        }

        func region(of shape: Shape) -> Region {
            var region = Region(whole: shape)
            region[1] = channels
            if shape.rank == 4 { (region[2], region[3]) = (rows, columns) }
            return region
        }

        /// Channels times pixels, and how many of them another part has, too.
        var count: Int { channels.count * rows.count * columns.count }

        func overlap(with other: Tile) -> Int {
            let pixels = rows.overlap(with: other.rows) * columns.overlap(with: other.columns)
            return pixels > 0 ? pixels * channels.overlap(with: other.channels) : 0
        }
    }

    /// The tiles of a value, as large as the nodes are fast; nil if it is too small to have one for each, or is no map and should
    /// be divided like one. A node that is too slow for a whole row or column, or for enough channels, has none.
    func tiles(of shape: Shape, isMap: Bool, speeds: [Double]) -> [Tile]? {
        if dividesChannels { return channelTiles(of: shape, speeds: speeds) }
        guard nodes.count > 1 else { return [Tile(node: nodes[0], Region(whole: shape))] }
        return isMap ? mapTiles(of: shape, speeds: speeds) : nil
    }

    /// Parts that hold `ChannelAlignment`.
    private func channelTiles(of shape: Shape, speeds: [Double]) -> [Tile]? {
        let width = ChannelAlignment.width
        // What fills no vector stays with those before it.
        let vectors = shape[1] / width
        guard vectors >= nodes.count else { return nil }
        let whole = Region(whole: shape)
        let parts = (0..<vectors).divided(by: nodes.map { speeds[$0] })
        return zip(nodes, parts).compactMap { node, part in
            let end = part.upperBound == vectors ? shape[1] : part.upperBound * width
            return part.isEmpty ? nil : Tile(node: node, whole.replacing(axis: 1, with: part.lowerBound * width..<end))
        }
    }

    private func mapTiles(of shape: Shape, speeds: [Double]) -> [Tile]? {
        guard shape[2] >= rows.count, rows.allSatisfy({ shape[3] >= $0.count }) else { return nil }
        var factor = 1.0
        let weights = rows.map { nodes in
            defer { factor *= growth }
            return factor * nodes.reduce(0) { $0 + speeds[$1] }
        }
        let heights = (0..<shape[2]).divided(by: weights)
        return zip(rows, heights).flatMap { nodes, height in
            zip(nodes, (0..<shape[3]).divided(by: nodes.map { speeds[$0] })).compactMap { node, width in
                height.isEmpty || width.isEmpty
                    ? nil : Tile(node: node, channels: 0..<shape[1], rows: height, columns: width)
            }
        }
    }

    /// Nodes up to which every number of them, every grid, and every node by itself is tried.
    private static let exhaustiveLimit = 12
    private static let growths = [1, 0.9, 0.75, 0.6]

    /// Strips, grids and channels of the first nodes in `order`, for many numbers of them.
    static func all(order: [Int]) -> [Tiling] {
        let isSmall = order.count <= exhaustiveLimit
        // Every node by itself: a pipeline is made of those.
        var result = (isSmall ? order : Array(order.prefix(1))).map { Tiling(rows: [[$0]]) }
        for count in counts(upTo: order.count) {
            let nodes = Array(order.prefix(count))
            for growth in isSmall ? growths : [1] { result.append(Tiling(rows: nodes.map { [$0] }, growth: growth)) }
            if isSmall { result.append(Tiling(rows: [nodes])) }
            result.append(Tiling(rows: [nodes], dividesChannels: true))
            let factors = (2..<max(count, 2)).filter { count % $0 == 0 }
            // Of many nodes, only the grid that is nearest a square.
            let squarest = factors.last { $0 * $0 <= count }
            for height in isSmall ? factors : squarest.map({ [$0] }) ?? [] {
                let width = count / height
                result.append(
                    Tiling(rows: (0..<height).map { Array(nodes[$0 * width..<($0 + 1) * width]) }))
            }
        }
        return result
    }

    private static func counts(upTo limit: Int) -> [Int] {
        guard limit > 1 else { return [] }
        guard limit > exhaustiveLimit else { return Array(2...limit) }
        let powers = (1..<13).map { 1 << $0 }.filter { $0 < limit }
        return (powers + powers.map { $0 / 2 * 3 }.filter { $0 < limit && $0 > 3 } + [limit]).sorted()
    }
}

extension Range<Int> {
    /// This range in contiguous parts whose lengths are in proportion to `weights`, to the nearest whole. Parts may be empty.
    func divided(by weights: [Double]) -> [Range<Int>] {
        let total = weights.reduce(0, +)
        var (sum, start) = (0.0, lowerBound)
        return weights.enumerated().map { index, weight in
            sum += weight
            let share = total > 0 ? sum / total : 1
            let end = index == weights.count - 1 ? upperBound : lowerBound + Int((share * Double(count)).rounded())
            defer { start = end }
            return start..<Swift.max(start, end)
        }
    }
}
