import TesseraTestSupport
import Testing

@testable import PartitionStrategies

@Suite struct BalancedDivisionTests {
    @Test(
        "the longest time is the smallest there is, by trying all divisions, for costs with halos and workers of any speed"
    )
    func optimal() throws {
        for seed in propertySeeds(400) {
            var generator = SeededGenerator(seed: seed)
            let items = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                [0, 1, 1, 2, 3, 7, 40].pick(&generator)
            }
            let speeds = (0..<Int.random(in: 1...4, using: &generator)).map { _ in [1, 1, 2, 0.5, 3].pick(&generator) }
            let halo = [0, 1, 2].pick(&generator)
            // A part costs what it holds and the halo on both sides holds.
            func cost(_ part: Range<Int>) -> Int {
                items[max(0, part.lowerBound - halo)..<min(items.count, part.upperBound + halo)].reduce(0, +)
            }
            let parts = try BalancedDivision.parts(items.count, speeds: speeds, cost: cost)
            func longest(_ parts: [Range<Int>]) -> Double {
                zip(parts, speeds).map { $0.isEmpty ? 0 : Double(cost($0)) / $1 }.max() ?? 0
            }
            #expect(parts.flatMap(Array.init) == Array(items.indices), "TESSERA_SEED=\(seed): \(parts)")
            #expect(parts.count == speeds.count)
            let least = divisions(of: 0..<items.count, into: speeds.count).map(longest).min()
            #expect(longest(parts) == least, "TESSERA_SEED=\(seed): \(items), \(speeds), halo \(halo): \(parts)")
        }
    }

    @Test("where several divisions are as good, parts are even")
    func even() throws {
        // A single item of 10 decides how long it takes; the rest is shared out nonetheless.
        let items = [10, 1, 1, 1, 1, 1, 1, 1, 1]
        let parts = try BalancedDivision.parts(9, speeds: [1, 1, 1]) { items[$0].reduce(0, +) }
        #expect(parts == [0..<1, 1..<5, 5..<9])
    }

    /// All ways to divide a range into contiguous parts.
    private func divisions(of range: Range<Int>, into count: Int) -> [[Range<Int>]] {
        guard count > 1 else { return [[range]] }
        return (range.lowerBound...range.upperBound).flatMap { end in
            divisions(of: end..<range.upperBound, into: count - 1).map { [range.lowerBound..<end] + $0 }
        }
    }
}
