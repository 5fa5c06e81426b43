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

    private static let hugePage = 1 << 21

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

    private init(_ range: Range<Int>, of block: Allocation) {
        (address, byteCount, self.block) = (block.address + range.lowerBound, range.count, block)
    }

    deinit { if block == nil { free(address) } }

    /// The block that small allocations are taken from, and where the next one begins.
    private static let current = Mutex<(block: Allocation, end: Int)?>(nil)

    /// Memory that may share its pages with others that are made at the same time and live as long.
    static func shared(byteCount: Int) throws -> Allocation {
        guard byteCount < hugePage else { return try Allocation(byteCount: byteCount) }
        return try current.withLock { current in
            let size = (byteCount + Tensor.alignment - 1) / Tensor.alignment * Tensor.alignment
            if current.map({ $0.end + size > $0.block.byteCount }) ?? true {
                current = (try Allocation(byteCount: 2 * hugePage), 0)
            }
            guard let (block, start) = current else { throw TesseraError(.outOfMemory, "no memory for weights") }
            current = (block, start + size)
            return Allocation(start..<start + byteCount, of: block)
        }
    }

    /// Begins with pages of its own again, so that weights of one network do not keep those of another.
    static func endSharing() { current.withLock { $0 = nil } }
}
