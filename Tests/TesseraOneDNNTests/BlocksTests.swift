import CKernels
import TesseraTestSupport
import Testing

/// Weights in the order of kernels, against the place of each number computed here.
@Suite struct BlocksTests {
    /// Distances between neighbours of a dense array whose axes follow one another in any order.
    private static func distances(_ sizes: [Int], _ innermost: Int, _ random: inout SeededGenerator) -> [Int] {
        var distance = innermost
        var result = sizes
        for axis in sizes.indices.shuffled(using: &random) {
            result[axis] = distance
            distance *= sizes[axis]
        }
        return result
    }

    private static func tuple(_ values: [Int]) -> (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64) {
        let all = values.map(Int64.init) + Array(repeating: 0, count: 8 - values.count)
        return (all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7])
    }

    @Test("every number is where it belongs, blocks are filled up with zeros, and the source may begin anywhere")
    func places() {
        for seed in 0..<2000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let rank = Int.random(in: 1...5, using: &random)
            let sizes = (0..<rank).map { _ in [1, 2, 3, 4, 7, 16, 33][Int.random(in: 0..<7, using: &random)] }
            guard sizes.reduce(1, *) < 60_000 else { continue }
            let axis = Int.random(in: -1..<rank, using: &random)
            let block = axis < 0 ? 1 : [1, 3, 4, 8, 16, 48][Int.random(in: 0..<6, using: &random)]
            let source = Self.distances(sizes, 1, &random)
            var outer = sizes
            if axis >= 0 { outer[axis] = (sizes[axis] + block - 1) / block }
            let target = Self.distances(outer, block, &random)
            let count = outer.reduce(block, *)

            let numbers = (0..<sizes.reduce(1, *)).map { Float($0) + 1 }
            var expected = [Float](repeating: 0, count: count)
            for index in numbers.indices {
                var (rest, from, to) = (index, 0, 0)
                for d in 0..<rank {
                    let place = rest % sizes[d]
                    rest /= sizes[d]
                    from += place * source[d]
                    to += d == axis ? place / block * target[d] + place % block : place * target[d]
                }
                expected[to] = numbers[from]
            }

            let shift = Int.random(in: 0..<4, using: &random)
            var bytes = [UInt8](repeating: 0, count: shift)
            numbers.withUnsafeBytes { bytes += $0 }
            // What must not be written is there before and after.
            var found = [Float](repeating: -1, count: count + 16)
            let blocks = ck_blocks(
                rank: Int64(rank), sizes: Self.tuple(sizes), source: Self.tuple(source), target: Self.tuple(target),
                axis: Int64(axis), block: Int64(block))
            bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                found.withUnsafeMutableBufferPointer { found in
                    guard let target = found.baseAddress else { return }
                    withUnsafePointer(to: blocks) { ck_pack($0, start + shift, target + 8) }
                }
            }
            #expect(
                found == Array(repeating: -1, count: 8) + expected + Array(repeating: -1, count: 8),
                "seed \(seed): \(sizes) from \(source) to \(target), blocks of \(block) of axis \(axis)")
        }
    }
}
