import Foundation
import TesseraCore

/// The memory of a received blob, aligned so that kernels can read tensors in place.
///
/// `@unchecked Sendable`: only the parser that allocated it writes to it, before it hands it out as a `Blob`; after that
/// everybody reads.
final class BlobMemory: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    /// - Throws: `outOfMemory`.
    init(byteCount: Int) throws {
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, Tensor.alignment, max(byteCount, 1)) == 0, let pointer else {
            throw TesseraError(.outOfMemory, "a blob of \(byteCount) bytes does not fit in memory")
        }
        bytes = UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
    }

    deinit { free(bytes.baseAddress) }
}
