import TesseraCore

/// Where the boxes of a directed acyclic graph go so that all edges run down, branches side by side, with few crossings.
///
/// Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981: ranks by the
/// longest path, long edges cut at every rank, orders by barycentres, and positions near those of neighbours.
struct LayeredLayout {
    struct Box {
        var width: Double
        var height: Double
        /// What it reads, each an earlier box.
        var sources: [Int]
    }

    struct Point {
        var x: Double
        var y: Double
    }

    /// The way of an edge: the middle of the source's lower side, what it passes by, the middle of the target's upper side.
    struct Edge {
        var source: Int
        var target: Int
        var points: [Point]
    }

    static let rankGap = 30.0
    static let boxGap = 22.0
    private static let laneWidth = 10.0
    private static let pieceLimit = 200_000

    /// The middle of every box's upper side.
    private(set) var positions: [Point] = []
    private(set) var edges: [Edge] = []
    private(set) var width = 0.0
    private(set) var height = 0.0

    /// A box, or a piece of an edge that passes by a rank.
    private struct Vertex {
        var width: Double
        var rank: Int
        var isLane: Bool
        var above: [Int] = []
        var below: [Int] = []
        var x = 0.0
    }

    /// - Throws: `limitExceeded` if there is too much to lay out.
    init(_ boxes: [Box]) throws {
        let ranks = Self.ranks(of: boxes)
        var vertices = boxes.indices.map { Vertex(width: boxes[$0].width, rank: ranks[$0], isLane: false) }
        var chains: [(source: Int, target: Int, lanes: [Int])] = []
        for (target, box) in boxes.enumerated() {
            for source in box.sources {
                var previous = source
                var lanes: [Int] = []
                for rank in (ranks[source] + 1)..<max(ranks[source] + 1, ranks[target]) {
                    guard vertices.count < Self.pieceLimit else {
                        throw TesseraError(.limitExceeded, "the network is too large to be drawn")
                    }
                    vertices.append(Vertex(width: Self.laneWidth, rank: rank, isLane: true))
                    Self.connect(previous, vertices.count - 1, &vertices)
                    previous = vertices.count - 1
                    lanes.append(previous)
                }
                Self.connect(previous, target, &vertices)
                chains.append((source, target, lanes))
            }
        }
        var rows = [[Int]](repeating: [], count: (ranks.max() ?? -1) + 1)
        for (index, vertex) in vertices.enumerated() { rows[vertex.rank].append(index) }
        Self.order(&rows, vertices)
        Self.place(rows, &vertices)
        finish(boxes, rows: rows, vertices: vertices, chains: chains)
    }

    private static func connect(_ above: Int, _ below: Int, _ vertices: inout [Vertex]) {
        vertices[above].below.append(below)
        vertices[below].above.append(above)
    }

    /// The length of the longest way to each box; one that reads nothing goes right above what reads it.
    private static func ranks(of boxes: [Box]) -> [Int] {
        var ranks = [Int](repeating: 0, count: boxes.count)
        var nearest = [Int](repeating: .max, count: boxes.count)
        for (index, box) in boxes.enumerated() { ranks[index] = (box.sources.map { ranks[$0] }.max() ?? -1) + 1 }
        for (index, box) in boxes.enumerated() {
            for source in box.sources { nearest[source] = min(nearest[source], ranks[index]) }
        }
        for (index, box) in boxes.enumerated() where box.sources.isEmpty && nearest[index] != .max {
            ranks[index] = nearest[index] - 1
        }
        return ranks
    }

    /// Sorts each rank by the mean place of its neighbours, down and up a few times.
    private static func order(_ rows: inout [[Int]], _ vertices: [Vertex]) {
        var places = [Double](repeating: 0, count: vertices.count)
        func number(_ row: [Int]) { for (place, index) in row.enumerated() { places[index] = Double(place) } }
        rows.forEach(number)
        func sort(_ row: inout [Int], by neighbours: (Int) -> [Int]) {
            let keys = row.map { index -> Double in
                let others = neighbours(index)
                return others.isEmpty ? places[index] : others.reduce(0) { $0 + places[$1] } / Double(others.count)
            }
            row = row.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.map { row[$0] }
            number(row)
        }
        for _ in 0..<6 {
            for rank in rows.indices.dropFirst() { sort(&rows[rank]) { vertices[$0].above } }
            for rank in rows.indices.dropLast().reversed() { sort(&rows[rank]) { vertices[$0].below } }
        }
        for rank in rows.indices.dropFirst() { sort(&rows[rank]) { vertices[$0].above } }
    }

    /// Moves every vertex towards its neighbours, as far as the others of its rank allow.
    private static func place(_ rows: [[Int]], _ vertices: inout [Vertex]) {
        for row in rows { settle(row, wishes: row.map { _ in 0 }, weights: row.map { _ in 1 }, &vertices) }
        for turn in 0..<16 {
            let isDown = turn % 2 == 0
            for rank in isDown ? Array(rows.indices) : rows.indices.reversed() {
                var (wishes, weights) = ([Double](), [Double]())
                for index in rows[rank] {
                    // The last turns look both ways.
                    let others =
                        turn >= 12
                        ? vertices[index].above + vertices[index].below
                        : isDown ? vertices[index].above : vertices[index].below
                    var (sum, total) = (0.0, 0.0)
                    for other in others {
                        // Long edges are to be straight.
                        let weight = vertices[index].isLane && vertices[other].isLane ? 8.0 : 1
                        sum += weight * vertices[other].x
                        total += weight
                    }
                    wishes.append(total > 0 ? sum / total : vertices[index].x)
                    weights.append(total > 0 ? total : 0.01)
                }
                settle(rows[rank], wishes: wishes, weights: weights, &vertices)
            }
        }
    }

    /// The places nearest to what is wished (least squares) that keep the order and the distances: neighbours in each
    /// other's way are moved as one.
    private static func settle(_ row: [Int], wishes: [Double], weights: [Double], _ vertices: inout [Vertex]) {
        var offsets = [0.0]
        for (left, right) in zip(row, row.dropFirst()) {
            let gap = vertices[left].isLane && vertices[right].isLane ? 4 : boxGap
            offsets.append(offsets[offsets.count - 1] + (vertices[left].width + vertices[right].width) / 2 + gap)
        }
        var groups: [(sum: Double, weight: Double, count: Int)] = []
        for index in row.indices {
            groups.append((weights[index] * (wishes[index] - offsets[index]), weights[index], 1))
            while groups.count > 1 {
                let (last, before) = (groups[groups.count - 1], groups[groups.count - 2])
                guard before.sum / before.weight > last.sum / last.weight else { break }
                groups.removeLast(2)
                groups.append((before.sum + last.sum, before.weight + last.weight, before.count + last.count))
            }
        }
        var index = 0
        for group in groups {
            for _ in 0..<group.count {
                vertices[row[index]].x = group.sum / group.weight + offsets[index]
                index += 1
            }
        }
    }

    private mutating func finish(
        _ boxes: [Box], rows: [[Int]], vertices: [Vertex], chains: [(source: Int, target: Int, lanes: [Int])]
    ) {
        let left = vertices.map { $0.x - $0.width / 2 }.min() ?? 0
        width = (vertices.map { $0.x + $0.width / 2 }.max() ?? 0) - left
        var (tops, bottoms) = ([Double](), [Double]())
        for row in rows {
            tops.append((bottoms.last ?? -Self.rankGap) + Self.rankGap)
            let tallest = row.map { $0 < boxes.count ? boxes[$0].height : 0 }.max() ?? 0
            bottoms.append(tops[tops.count - 1] + tallest)
        }
        height = bottoms.last ?? 0
        positions = boxes.indices.map { Point(x: vertices[$0].x - left, y: tops[vertices[$0].rank]) }
        edges = chains.map { chain in
            let (start, end) = (positions[chain.source], positions[chain.target])
            var points = [Point(x: start.x, y: start.y + boxes[chain.source].height)]
            for lane in chain.lanes {
                let (x, rank) = (vertices[lane].x - left, vertices[lane].rank)
                points += [Point(x: x, y: tops[rank]), Point(x: x, y: bottoms[rank])]
            }
            return Edge(source: chain.source, target: chain.target, points: points + [end])
        }
    }
}
