import CCompression
import TesseraCore

/// .xz streams of bytes at hand.
public enum XZStream {
    /// As `xz -9e` does.
    public static func encode(_ bytes: [UInt8]) throws -> [UInt8] {
        let size = lzma_stream_buffer_bound(bytes.count)
        var result = [UInt8](repeating: 0, count: size)
        var count = 0
        // The hashes of the container guard the content, so the stream's own checksum would be room for nothing.
        let status = lzma_easy_buffer_encode(
            9 | 1 << 31, LZMA_CHECK_NONE, nil, bytes, bytes.count, &result, &count, size)
        guard status == LZMA_OK else {
            throw TesseraError(.backendFailure, "xz cannot encode it: status \(status.rawValue)")
        }
        return Array(result.prefix(count))
    }

    /// - Parameter limit: the most bytes that may come out.
    /// - Throws: `malformedFile` for what is no stream, or one of more bytes.
    public static func decode(_ bytes: UnsafeRawBufferPointer, limit: Int) throws -> [UInt8] {
        var result = [UInt8](repeating: 0, count: limit)
        // What level 9 needs, and no more.
        var memory: UInt64 = 80 << 20
        var (place, count) = (0, 0)
        let status = lzma_stream_buffer_decode(
            &memory, 0, nil, bytes.bindMemory(to: UInt8.self).baseAddress, &place, bytes.count, &result, &count, limit)
        guard status == LZMA_OK else {
            throw TesseraError(.malformedFile, "xz cannot decode it: status \(status.rawValue)")
        }
        return Array(result.prefix(count))
    }
}
