import TesseraCore
import TesseraPartition

/// The stages that a tiling makes, with their costs: those of which no part is better done as two stages of the same tiling.
struct TilingCosts {
    /// By cut; nil where the value is too small or is not divided that way, or a layer cannot be cut.
    let tiles: [[SpanCosts.TileCosts]?]

    init(_ tiling: Tiling, of costs: SpanCosts, speeds: [Double], link: Link) {
        let count = costs.cuts.count
        var found: [[SpanCosts.TileCosts]?] = []
        /// By first segment and cut, the least seconds from one map of this tiling to the other, in one stage or several.
        var least = [[Double]](repeating: [Double](repeating: .infinity, count: count), count: count)
        var beginsWithInput = true
        for cut in 0..<count {
            // Those for the leader's turn are used at the beginning and at the end alone, see `PlanSearch`.
            guard tiling.growth == 1 || beginsWithInput || cut == costs.lastMap else {
                found.append(nil)
                continue
            }
            func split(_ start: Int) -> Double {
                (start..<cut).reduce(.infinity) { min($0, least[start][$1] + least[$1 + 1][cut]) }
            }
            guard let parts = costs.tiles(of: cut, by: tiling, speeds: speeds) else {
                found.append(nil)
                continue
            }
            var first = cut + 1
            let stages = costs.costs(of: parts, at: cut) { start, seconds, tiles in
                let halves = split(start)
                let owners = start > 0 ? found[start - 1] : nil
                let exchange =
                    owners.map { Self.exchangeSeconds(to: tiles, from: start, owners: $0, link: link) } ?? .infinity
                least[start][cut] = min(halves, seconds + exchange)
                first = start
                // The halos of one stage cost more than sending them between two: a longer stage would hold the same halos. And where
                // all channels are needed, each node would make all that comes before.
                return seconds > halves || (tiling.dividesChannels && costs.readsAllChannels(tiles, from: start))
            }
            beginsWithInput = beginsWithInput && first == 0
            for start in stride(from: first - 1, through: 0, by: -1) { least[start][cut] = split(start) }
            found.append(stages)
        }
        tiles = found
    }

    /// The same of a tiling that is whole maps on another node.
    init(_ other: TilingCosts, movedTo node: Int, of costs: SpanCosts) {
        tiles = other.tiles.enumerated().map { cut, tiles in
            tiles?.map { tile in
                var moved = tile
                moved.tile.node = node
                for start in tile.starts.indices where tile.starts[start] != nil {
                    moved.starts[start]?.seconds = costs.wholeSeconds(start...cut, at: node)
                }
                return moved
            }
        }
    }

    /// At most the seconds until every tile has what others made of what it needs; all tiles are sent theirs at the same time, and
    /// what a node receives it may send as well.
    private static func exchangeSeconds(
        to tiles: [SpanCosts.TileCosts], from start: Int, owners: [SpanCosts.TileCosts], link: Link
    ) -> Double {
        let missing = tiles.reduce(0) { most, tile in
            guard let stage = tile.starts[start], let needed = stage.needed else { return most }
            let own = owners.first { $0.tile.node == tile.tile.node }?.tile.overlap(with: needed) ?? 0
            return max(most, (needed.count - own) * stage.elementByteCount)
        }
        return link.latency + 2 * link.seconds(for: missing)
    }
}

extension Range<Int> {
    func overlap(with other: Range<Int>) -> Int {
        Swift.max(0, Swift.min(upperBound, other.upperBound) - Swift.max(lowerBound, other.lowerBound))
    }
}
