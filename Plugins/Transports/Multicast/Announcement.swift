import Crypto
import Foundation
import TesseraCluster
import TesseraCore

/// What members say to each other over TCP about broadcasts.
///
/// ```
/// sender                           receiver
///   announcement  ────────────────▶          a broadcast takes its place among this sender's messages: its objects' hashes and key
///   objects       ═══════════════▶           by multicast, to all at once
///                 ◀────────────────  confirmation  objects that have arrived
///   substitute    ────────────────▶          the whole message, to those that did not confirm in time
/// ```
enum MulticastMessage {
    /// Kinds that begin so are the transport's own.
    static let prefix = "multicast/"
    static let announcement = "multicast/announcement"
    static let confirmation = "multicast/confirmation"
    static let substitute = "multicast/substitute"

    /// Objects of one broadcast that have arrived.
    struct Confirmation: Codable {
        let number: UInt64
        let objects: [Int]
    }

    /// The body of `substitute`. The first blob is the message's body, the others its own.
    struct Substitute: Codable {
        let number: UInt64
        let kind: String

        static func message(_ number: UInt64, _ original: Message) throws -> Message {
            try Message(
                kind: MulticastMessage.substitute, body: Substitute(number: number, kind: original.kind),
                payload: [Blob(original.body)] + original.payload)
        }

        func original(in message: Message) throws -> Message {
            let body = try message.blob(0).withUnsafeBytes { Data($0) }
            return Message(kind: kind, encodedBody: body, payload: Array(message.payload.dropFirst()))
        }
    }
}

/// What a receiver has to know of a broadcast before it can trust what arrives.
struct Announcement: Sendable {
    private struct Body: Codable {
        let number: UInt64
        let byteCount: Int
    }

    let number: UInt64
    /// Bytes of the frame that the objects make.
    let byteCount: Int
    /// The SHA-256 of each object's content.
    private let hashes: [UInt8]
    /// Nil if the objects are not sealed.
    let key: SymmetricKey?

    init(number: UInt64, content: BroadcastContent, key: SymmetricKey?) {
        (self.number, byteCount, hashes, self.key) = (number, content.byteCount, content.hashes(), key)
    }

    /// - Throws: `protocolViolation` for what cannot be one, or announces more than `limits` allow.
    init(_ message: Message, limits: FrameLimits) throws {
        let body = try message.decode(Body.self)
        guard (WireFormat.prefixLength...limits.frame).contains(body.byteCount) else {
            throw TesseraError(
                .protocolViolation, "expected a broadcast of at most \(limits.frame) bytes, found \(body.byteCount)")
        }
        (number, byteCount) = (body.number, body.byteCount)
        hashes = try message.blob(0).withUnsafeBytes(Array.init)
        guard hashes.count == SHA256Digest.byteCount * BroadcastContent.objectCount(of: byteCount) else {
            throw TesseraError(.protocolViolation, "expected a hash for each object, found \(hashes.count) bytes")
        }
        key = message.payload.count > 1 ? try message.blob(1).withUnsafeBytes { SymmetricKey(data: $0) } : nil
        guard key.map({ $0.bitCount == 8 * ObjectSeal.keyByteCount }) ?? true else {
            throw TesseraError(.protocolViolation, "expected a key of \(ObjectSeal.keyByteCount) bytes")
        }
    }

    func message() throws -> Message {
        let keyBlob = key.map { [Blob($0.withUnsafeBytes { Array($0) })] } ?? []
        return try Message(
            kind: MulticastMessage.announcement, body: Body(number: number, byteCount: byteCount),
            payload: [Blob(hashes)] + keyBlob)
    }

    var objectCount: Int { BroadcastContent.objectCount(of: byteCount) }

    /// The content of an object that arrived, or nil if it is not the one that was announced.
    func content(of object: Data, _ label: ObjectLabel, from sender: PeerID) -> Data? {
        guard (0..<objectCount).contains(label.index) else { return nil }
        let body = object.dropFirst(ObjectLabel.byteCount)
        let content = key.map { ObjectSeal(key: $0, sender: sender).open(body, label) } ?? body
        let size = BroadcastContent.range(label.index, of: byteCount).count
        guard let content, content.count == size else { return nil }
        let hash = hashes[label.index * SHA256Digest.byteCount..<(label.index + 1) * SHA256Digest.byteCount]
        return hash.elementsEqual(SHA256.hash(data: content)) ? content : nil
    }
}
