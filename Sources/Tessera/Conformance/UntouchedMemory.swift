import Foundation
import TesseraCluster
import TesseraCore

/// Memory that takes no room as long as nobody looks at it.
///
/// `@unchecked Sendable`: nobody writes to it.
final class UntouchedMemory: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer

    private init(byteCount: Int) throws {
        guard
            let start = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
            start != MAP_FAILED
        else { throw TesseraError(.outOfMemory, "\(byteCount) bytes of addresses cannot be had") }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }

    /// A blob of zeros.
    static func blob(byteCount: Int) throws -> Blob {
        let memory = try UntouchedMemory(byteCount: byteCount)
        return Blob(
            try Tensor(
                borrowing: UnsafeRawBufferPointer(memory.bytes), shape: [byteCount], elementType: .u8, owner: memory))
    }
}
