import Foundation
import TesseraCore

/// The memory of a received blob, aligned so that kernels can read tensors in place.
///
/// `@unchecked Sendable`: only the parser that allocated it writes to it, before it hands it out as a `Blob`; after that
/// everybody reads.
final class BlobMemory: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    private static let hugePage = 2 << 20
    /// From this size on the C library maps fresh memory every time, and filling it costs more in page faults than in
    /// copying, unless the pages are huge.
    private static let hugeSize = 32 << 20

    /// - Throws: `outOfMemory`.
    init(byteCount: Int) throws {
        var pointer: UnsafeMutableRawPointer?
        let isHuge = byteCount >= Self.hugeSize
        guard posix_memalign(&pointer, isHuge ? Self.hugePage : Tensor.alignment, max(byteCount, 1)) == 0, let pointer
        else {
            throw TesseraError(.outOfMemory, "a blob of \(byteCount) bytes does not fit in memory")
        }
        #if os(Linux)
            if isHuge { madvise(pointer, byteCount, MADV_HUGEPAGE) }
        #endif
        bytes = UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
    }

    deinit { free(bytes.baseAddress) }
}
