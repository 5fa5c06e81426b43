import Crypto
import TesseraCluster

/// A message as the bytes of its frame, cut into objects.
struct BroadcastContent: Sendable {
    /// Bytes of an object's content, but for the last.
    static let objectByteCount = 1 << 20

    let message: Message
    let byteCount: Int
    private let head: [UInt8]

    /// - Throws: `limitExceeded` for a message that no frame holds.
    init(_ message: Message) throws {
        self.message = message
        head = try Frame(.message, message).head()
        byteCount = message.payload.reduce(head.count) { $0 + $1.count }
    }

    var objectCount: Int { Self.objectCount(of: byteCount) }

    static func objectCount(of byteCount: Int) -> Int { (byteCount + objectByteCount - 1) / objectByteCount }

    /// The bytes of the object at `index` among `byteCount`.
    static func range(_ index: Int, of byteCount: Int) -> Range<Int> {
        index * objectByteCount..<min(byteCount, (index + 1) * objectByteCount)
    }

    /// The content of one object.
    func object(_ index: Int) -> [UInt8] {
        let range = Self.range(index, of: byteCount)
        return [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            let target = UnsafeMutableRawBufferPointer(buffer)
            head.withUnsafeBytes { copy($0, at: 0, range, to: target) }
            var start = head.count
            for blob in message.payload {
                blob.withUnsafeBytes { copy($0, at: start, range, to: target) }
                start += blob.count
            }
            count = range.count
        }
    }

    /// Copies what lies within `range` of the bytes that begin at `start`.
    private func copy(
        _ bytes: UnsafeRawBufferPointer, at start: Int, _ range: Range<Int>, to target: UnsafeMutableRawBufferPointer
    ) {
        let part = (start..<start + bytes.count).clamped(to: range)
        guard !part.isEmpty else { return }
        UnsafeMutableRawBufferPointer(rebasing: target[(part.lowerBound - range.lowerBound)...])
            .copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[(part.lowerBound - start)..<(part.upperBound - start)]))
    }

    /// The SHA-256 of every object's content, one after the other.
    func hashes() -> [UInt8] {
        (0..<objectCount).reduce(into: []) { hashes, index in hashes += SHA256.hash(data: object(index)) }
    }
}
