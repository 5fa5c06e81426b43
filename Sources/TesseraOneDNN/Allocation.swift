import Foundation
import Synchronization
import TesseraCore
import TesseraRuntime

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

    /// What small allocations are taken from, as long as somebody has one of them.
    private struct Sharing {
        weak var block: Allocation?
        var end = 0
        weak var owner: ActivationMemory?
    }

    private static let sharing = Mutex(Sharing())

    /// Memory that may share its pages with others that live as long.
    static func shared(byteCount: Int) throws -> Allocation {
        guard byteCount < hugePage else { return try Allocation(byteCount: byteCount) }
        return try sharing.withLock { sharing in
            let size = (byteCount + Tensor.alignment - 1) / Tensor.alignment * Tensor.alignment
            let block: Allocation
            if let current = sharing.block, sharing.end + size <= current.byteCount {
                block = current
            } else {
                block = try Allocation(byteCount: 2 * hugePage)
                (sharing.block, sharing.end) = (block, 0)
            }
            defer { sharing.end += size }
            return Allocation(sharing.end..<sharing.end + byteCount, of: block)
        }
    }

    /// From now on, pages are shared with what was made for the same owner just before, and with nothing else: weights of one network
    /// do not keep those of another.
    ///
    /// - Parameter owner: nil for what shares with nothing before it.
    static func beginSharing(for owner: ActivationMemory?) {
        sharing.withLock { sharing in
            if owner == nil || sharing.owner !== owner { sharing = Sharing(owner: owner) }
        }
    }
}
