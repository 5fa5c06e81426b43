import Tessera
@testable import TesseraPartition
import TesseraTestSupport
import Testing

@Suite struct RegionIndexTests {
    @Test("the regions that overlap another are those that share an element with it, in order, however they lie")
    func overlaps() throws {
        for seed in propertySeeds(200) {
            var generator = SeededGenerator(seed: seed)
            let rank = Int.random(in: 1...4, using: &generator)
            func region() -> Region {
                Region(
                    (0..<rank).map { _ in
                        let start = Int.random(in: 0...6, using: &generator)
                        return start..<start + Int.random(in: 1...5, using: &generator)
                    })
            }
            let regions = (0..<Int.random(in: 0...12, using: &generator)).map { _ in region() }
            let index = RegionIndex(regions)
            for _ in 0..<8 {
                let wanted = region()
                let expected = regions.indices.filter { position in
                    zip(regions[position].ranges, wanted.ranges).allSatisfy { !Set($0).isDisjoint(with: $1) }
                }
                if index.regions(thatOverlap: wanted) != Array(expected) {
                    Issue.record("TESSERA_SEED=\(seed): \(wanted) among \(regions)")
                }
            }
        }
    }

    @Test("a thousand strips each get their own rows and one from each neighbour")
    func thousandStrips() throws {
        var network = try NetworkSketch(1, 1000, 4)
        for index in 0..<2 { try network.add("conv\(index)", NetworkSketch.conv(1)) }
        var grid = FusedGrid()
        (grid.tiles, grid.cutAfter) = ([1000, 1], ["conv"])
        let plan = try Plan(network.bound(), nodes: 1000, strategy: grid, named: "fused-grid")
        // The first and the last strip have one neighbour.
        #expect(plan.transfers(into: 1).joined().count == 3 * 1000 - 2)
        #expect(plan.bytesExchanged == (2 * (3 * 1000 - 2) - 1000 + 1000) * 4 * 4)
    }
}
