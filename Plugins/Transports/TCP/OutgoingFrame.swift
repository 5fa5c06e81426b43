import NIOCore
import TesseraCluster

/// A frame on its way out, of which a part has been written.
struct OutgoingFrame: Sendable {
    private let head: [UInt8]
    private let blobs: [Blob]
    /// 0 is the head, 1 the first blob.
    private var segment = 0
    private var offset = 0
    let byteCount: Int
    private(set) var remaining: Int

    init(_ frame: Frame) throws {
        head = try frame.head()
        blobs = frame.message.payload
        byteCount = blobs.reduce(head.count) { $0 + $1.count }
        remaining = byteCount
    }

    /// Copies the next bytes into the buffer, up to `limit` of them.
    ///
    /// - Returns: whether the frame is written to its end.
    mutating func write(into buffer: inout ByteBuffer, limit: Int) -> Bool {
        var room = limit
        while segment <= blobs.count {
            let written =
                segment == 0
                ? head.withUnsafeBytes { buffer.write(from: $0, at: offset, limit: room) }
                : blobs[segment - 1].withUnsafeBytes { buffer.write(from: $0, at: offset, limit: room) }
            offset += written
            room -= written
            remaining -= written
            guard offset == (segment == 0 ? head.count : blobs[segment - 1].count) else { return false }
            segment += 1
            offset = 0
        }
        return true
    }
}

extension ByteBuffer {
    fileprivate mutating func write(from bytes: UnsafeRawBufferPointer, at offset: Int, limit: Int) -> Int {
        let end = offset + Swift.min(limit, bytes.count - offset)
        return writeBytes(UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
    }
}
