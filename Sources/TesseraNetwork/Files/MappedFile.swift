import Foundation
import TesseraCore

/// The bytes of a file, mapped into memory so that only what is looked at is read.
///
/// `@unchecked Sendable`: the mapping is read-only and lives exactly as long as this object. As with every mapping, a
/// file that another program shortens in place meanwhile cannot be read; the writers of this module replace files as a
/// whole, which leaves a mapping intact.
package final class MappedFile: RereadableMemory, @unchecked Sendable {
    package let path: String
    package let bytes: UnsafeRawBufferPointer

    /// - Throws: `inputOutput` if the file cannot be opened, or is no regular file.
    package init(path: String) throws {
        self.path = path
        // Otherwise a pipe that nobody writes would be waited for.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError("cannot open '\(path)'") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw systemError("cannot read '\(path)'") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "no regular file"
            throw TesseraError(.inputOutput, "cannot read '\(path)': it is \(kind)")
        }
        let size = Int(status.st_size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw systemError("cannot map '\(path)'")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    /// The little-endian number at `offset`; nil if it does not lie inside the file.
    package func integer<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, bytes.count >= size, offset <= bytes.count - size else { return nil }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// The text of `range`; nil if it is not UTF-8. The range must lie inside the file.
    package func text(_ range: Range<Int>) -> String? {
        String(validating: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// The elements at `range` as a tensor, in place.
    package func tensor(_ range: Range<Int>, shape: Shape, elementType: ElementType) throws -> Tensor {
        let elements = UnsafeRawBufferPointer(rebasing: bytes[range])
        return try Tensor(borrowing: elements, shape: shape, elementType: elementType, owner: self)
    }

    package func discard(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, let base = self.bytes.baseAddress else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        // Whole pages only: what lies beside these bytes may be in use.
        let first = (start - base + page - 1) / page * page
        let count = (start - base + bytes.count) / page * page - first
        if count > 0 { madvise(UnsafeMutableRawPointer(mutating: base + first), count, MADV_DONTNEED) }
    }
}

/// An `inputOutput` error with the system's own words for the failure that just happened.
package func systemError(_ message: String, number: Int32 = errno) -> TesseraError {
    TesseraError(.inputOutput, "\(message): \(String(cString: strerror(number)))")
}
