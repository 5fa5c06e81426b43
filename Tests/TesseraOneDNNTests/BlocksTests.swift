import CKernels
import COneDNN
import TesseraTestSupport
import Testing

@testable import TesseraOneDNN

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

    private static let tags = [
        dnnl_OIhw16i16o, dnnl_OIhw8i8o, dnnl_Ohwi16o, dnnl_Ohwi8o, dnnl_Owhi16o, dnnl_hwio, dnnl_ohwi, dnnl_OIhw4i16o4i,
    ]

    @Test("layouts of oneDNN are filled as its own reorders fill them, or are said to be more than blocks")
    func layouts() throws {
        let sizes: [[Int64]] = [[32, 16, 3, 3], [20, 8, 1, 1], [5, 7, 3, 1], [48, 64, 1, 1]]
        var refused: Set<[Int]> = []
        for (index, tag) in Self.tags.enumerated() {
            for (number, sizes) in sizes.enumerated() {
                var (source, target) = (dnnl_memory_desc_t(), dnnl_memory_desc_t())
                #expect(dnnl_memory_desc_init_by_tag(&source, 4, sizes, dnnl_f32, dnnl_oihw) == dnnl_success)
                #expect(dnnl_memory_desc_init_by_tag(&target, 4, sizes, dnnl_f32, tag) == dnnl_success)
                var found = onednn_blocks()
                guard onednn_find_blocks(&source, &target, &found) != 0 else {
                    refused.insert([index, number])
                    continue
                }
                let blocks = ck_blocks(
                    rank: found.rank, sizes: found.sizes, source: found.source, target: found.target, axis: found.axis,
                    block: found.block)
                var numbers = (0..<Int(sizes.reduce(1, *))).map { Float($0) + 1 }
                var own = [Float](repeating: -1, count: onednn_desc_size(&target) / 4)
                withUnsafePointer(to: blocks) { ck_pack($0, numbers, &own) }
                #expect(try own == Self.reordered(&numbers, &source, &target), "\(index), \(sizes)")
            }
        }
        // Those of three blocks, and those whose input channels do not fill the outer one of two.
        #expect(refused == [[0, 1], [0, 2], [1, 2], [7, 0], [7, 1], [7, 2], [7, 3]])
    }

    private static func reordered(
        _ numbers: inout [Float], _ source: inout dnnl_memory_desc_t, _ target: inout dnnl_memory_desc_t
    ) throws -> [Float] {
        var result = [Float](repeating: -2, count: onednn_desc_size(&target) / 4)
        let reorder = try Primitive(PrimitiveDescriptor("a reorder") { onednn_reorder(&$0, $1, &source, &target) })
        let engine = try Engine.cpu.get().handle
        try numbers.withUnsafeMutableBytes { numbers in
            try result.withUnsafeMutableBytes { result in
                var (from, to): (dnnl_memory_t?, dnnl_memory_t?)
                #expect(dnnl_memory_create(&from, &source, engine, numbers.baseAddress) == dnnl_success)
                #expect(dnnl_memory_create(&to, &target, engine, result.baseAddress) == dnnl_success)
                defer { for memory in [from, to] { dnnl_memory_destroy(memory) } }
                try Stream().execute(
                    reorder,
                    [
                        dnnl_exec_arg_t(arg: DNNL_ARG_FROM, memory: from),
                        dnnl_exec_arg_t(arg: DNNL_ARG_TO, memory: to),
                    ])
            }
        }
        return result
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
