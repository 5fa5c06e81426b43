/// Where buffers lie in one block of memory, so that those needed at different times share it.
///
/// Buffers are placed from the largest to the smallest, each at the lowest offset that no buffer needed at the same time
/// occupies ("greedy by size", Pisarchyk and Lee 2020).
struct ArenaPlan {
    struct Buffer {
        var byteCount: Int
        /// The steps at which it is first written and last read.
        var lifetime: ClosedRange<Int>
    }

    let offsets: [Int]
    let byteCount: Int

    init(_ buffers: [Buffer], alignment: Int) {
        var offsets = [Int](repeating: 0, count: buffers.count)
        var placed: [Int] = []
        var end = 0
        for index in buffers.indices.sorted(by: { buffers[$0].byteCount > buffers[$1].byteCount }) {
            let neighbours = placed.filter { buffers[$0].lifetime.overlaps(buffers[index].lifetime) }
                .sorted { offsets[$0] < offsets[$1] }
            var offset = 0
            for other in neighbours {
                if offset + buffers[index].byteCount <= offsets[other] { break }
                offset = max(
                    offset, (offsets[other] + buffers[other].byteCount + alignment - 1) / alignment * alignment)
            }
            offsets[index] = offset
            end = max(end, offset + buffers[index].byteCount)
            placed.append(index)
        }
        self.offsets = offsets
        byteCount = end
    }
}
