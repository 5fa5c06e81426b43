import CZlib
import Foundation
import TesseraCore
import TesseraNetwork

/// The bytes of a file, decompressed if it is a gzip file.
enum GzipReader {
    /// Bytes that a file may decompress to.
    static let limit = 8 << 30

    /// - Throws: `inputOutput` if the file cannot be read, `malformedFile` if it ends too early or is damaged.
    static func read(_ path: String) throws -> [UInt8] {
        let file = try MappedFile(path: path)
        guard file.bytes.count >= 2, file.bytes[0] == 0x1F, file.bytes[1] == 0x8B else { return Array(file.bytes) }
        return try decompress(file.bytes, path: path)
    }

    private static func decompress(_ source: UnsafeRawBufferPointer, path: String) throws -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, and 16 for gzip's header.
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw TesseraError(.outOfMemory, "zlib has no memory to decompress '\(path)'")
        }
        defer { inflateEnd(&stream) }
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        var status = Z_OK
        while true {
            let count = min(source.count - offset, 1 << 20)
            let before = offset
            let made = chunk.withUnsafeMutableBufferPointer { target in
                stream.next_in = UnsafeMutablePointer(
                    mutating: source.baseAddress?.advanced(by: offset).assumingMemoryBound(to: UInt8.self))
                stream.avail_in = UInt32(count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                status = inflate(&stream, Z_NO_FLUSH)
                offset += count - Int(stream.avail_in)
                return target.count - Int(stream.avail_out)
            }
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
                throw TesseraError(.malformedFile, "'\(path)' is damaged: it cannot be decompressed at byte \(offset)")
            }
            result += chunk[..<made]
            guard result.count <= limit else {
                throw TesseraError(.limitExceeded, "'\(path)' decompresses to more than \(limit) bytes")
            }
            if status == Z_STREAM_END {
                // Several compressed parts may follow each other.
                guard offset < source.count, source[offset] == 0x1F else { return result }
                inflateReset(&stream)
            } else if offset == before && made == 0 {
                throw TesseraError(.malformedFile, "'\(path)' ends too early: expected more compressed bytes")
            }
        }
    }
}
