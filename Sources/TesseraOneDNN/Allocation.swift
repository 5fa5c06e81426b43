import Foundation
import Synchronization
import TesseraCore

/// Memory of the program's own, aligned for kernels.
///
/// Weights are read once in each inference, and with pages of 4 KiB every page would cost a look-up: what is large lies on pages
/// of 2 MiB, and what is small shares them.
///
/// `@unchecked Sendable`: where it lies never changes, and its elements are written by whoever made it, before others get it, or under
/// the lock of the program whose arena it is.
final class Allocation: @unchecked Sendable {
    let address: UnsafeMutableRawPointer
    let byteCount: Int
    /// What it is a part of; nil if it has memory of its own.
    private let block: Allocation?

    fileprivate static let hugePage = 1 << 21

    /// - Throws: `outOfMemory`.
    init(byteCount: Int) throws {
        var pointer: UnsafeMutableRawPointer?
        let isLarge = byteCount >= Self.hugePage
        guard byteCount < Tensor.byteCountLimit,
            posix_memalign(&pointer, isLarge ? Self.hugePage : Tensor.alignment, max(byteCount, 1)) == 0, let pointer
        else {
            throw TesseraError(.outOfMemory, "\(byteCount) bytes for activations or weights do not fit in memory")
        }
        if isLarge { madvise(pointer, byteCount, MADV_HUGEPAGE) }
        self.byteCount = byteCount
        address = pointer
        block = nil
    }

    fileprivate init(_ range: Range<Int>, of block: Allocation) {
        (address, byteCount, self.block) = (block.address + range.lowerBound, range.count, block)
    }

    deinit { if block == nil { free(address) } }
}

/// Pages that the small weights of networks share which live equally long: the tiles of one task, or one network alone.
final class SharedPages: Sendable {
    /// The block that allocations are taken from, and where the next one begins.
    private let current = Mutex<(block: Allocation, end: Int)?>(nil)

    /// - Throws: `outOfMemory`.
    func allocate(byteCount: Int) throws -> Allocation {
        guard byteCount < Allocation.hugePage else { return try Allocation(byteCount: byteCount) }
        return try current.withLock { current in
            let size = (byteCount + Tensor.alignment - 1) / Tensor.alignment * Tensor.alignment
            if current.map({ $0.end + size > $0.block.byteCount }) ?? true {
                current = (try Allocation(byteCount: 2 * Allocation.hugePage), 0)
            }
            guard let (block, start) = current else { throw TesseraError(.outOfMemory, "no memory for weights") }
            current = (block, start + size)
            return Allocation(start..<start + byteCount, of: block)
        }
    }
}
