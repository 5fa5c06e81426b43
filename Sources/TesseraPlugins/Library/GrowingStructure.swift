import TesseraCore

/// Reads structures of a library that may be shorter or longer than this host knows them.
enum GrowingStructure {
    /// A structure that says its size in its first field.
    ///
    /// - Parameters:
    ///   - first: the least size in bytes.
    ///   - what: what it is, for errors.
    /// - Returns: what the library has of the structure; the rest is zero.
    /// - Throws: `invalidArgument` for one that is null, misaligned or too small.
    static func read<Structure>(
        _ type: Structure.Type, at pointer: UnsafeRawPointer?, first: Int, _ what: String
    ) throws -> Structure {
        let pointer = try aligned(pointer, for: type, what)
        let size = Int(pointer.load(as: UInt32.self))
        try check(size: size, first: first, what)
        return copy(type, at: pointer, size: size)
    }

    /// The elements of an array, which the library says the size of.
    ///
    /// - Throws: `invalidArgument` for an array that is null or misaligned, or elements that are too small.
    static func elements<Structure>(
        _ type: Structure.Type, at pointer: UnsafeRawPointer?, count: Int, size: UInt32, first: Int, _ what: String
    ) throws -> [Structure] {
        guard count > 0 else { return [] }
        let pointer = try aligned(pointer, for: type, what)
        let stride = Int(size)
        try check(size: stride, first: first, what)
        guard stride % MemoryLayout<Structure>.alignment == 0 else {
            throw TesseraError(
                .invalidArgument,
                "expected \(what) of a multiple of \(MemoryLayout<Structure>.alignment) bytes, found \(stride)")
        }
        return (0..<count).map { copy(type, at: pointer + $0 * stride, size: stride) }
    }

    /// - Throws: `invalidArgument` for a pointer that no such structure can stand at.
    static func aligned<Structure>(
        _ pointer: UnsafeRawPointer?, for type: Structure.Type, _ what: String
    ) throws -> UnsafeRawPointer {
        guard let pointer else { throw TesseraError(.invalidArgument, "expected \(what), found null") }
        let alignment = MemoryLayout<Structure>.alignment
        guard UInt(bitPattern: pointer) % UInt(alignment) == 0 else {
            throw TesseraError(
                .invalidArgument, "expected \(what) at a multiple of \(alignment) bytes, found address \(pointer)")
        }
        return pointer
    }

    /// - Throws: `invalidArgument` for less than version 1.0 of the interface had.
    static func check(size: Int, first: Int, _ what: String) throws {
        guard size >= first else {
            throw TesseraError(.invalidArgument, "expected \(what) of at least \(first) bytes, found \(size)")
        }
    }

    /// As much of a C structure as there is; the rest is zero.
    static func copy<Structure>(_ type: Structure.Type, at pointer: UnsafeRawPointer, size: Int) -> Structure {
        withUnsafeTemporaryAllocation(
            byteCount: MemoryLayout<Structure>.size, alignment: MemoryLayout<Structure>.alignment
        ) {
            $0.initializeMemory(as: UInt8.self, repeating: 0)
            $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: min(size, $0.count)))
            return $0.load(as: type)
        }
    }

    /// Gives as much of a C structure to a library as it has room for.
    static func write<Structure>(_ structure: Structure, to pointer: UnsafeMutablePointer<Structure>?, size: Int) {
        withUnsafeBytes(of: structure) { bytes in
            UnsafeMutableRawBufferPointer(start: pointer, count: min(size, bytes.count))
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<min(size, bytes.count)]))
        }
    }
}
