import Crypto
import Foundation
import TesseraCluster

/// Keeps the objects of one broadcast from all but those who have its key, with ChaCha20-Poly1305.
///
/// Every broadcast has a key of its own, which the sender hands to the receivers over TCP, so whoever has left learns no later one, and
/// whoever comes no earlier one. An object's index is its nonce; its label and the sender's name are authenticated with it.
struct ObjectSeal: Sendable {
    static let keyByteCount = 32
    /// Bytes that an object grows by.
    static let tagByteCount = 16

    private let key: SymmetricKey
    private let sender: [UInt8]

    init(key: SymmetricKey, sender: PeerID) {
        self.key = key
        self.sender = Array(sender.name.utf8)
    }

    func seal(_ content: [UInt8], _ label: ObjectLabel) throws -> [UInt8] {
        let box = try ChaChaPoly.seal(
            content, using: key, nonce: nonce(label), authenticating: label.bytes + sender)
        return Array(box.ciphertext) + box.tag
    }

    /// The content, or nil if it is not what was sealed under this label.
    func open(_ sealed: some DataProtocol, _ label: ObjectLabel) -> Data? {
        guard sealed.count >= Self.tagByteCount, let nonce = try? nonce(label),
            let box = try? ChaChaPoly.SealedBox(
                nonce: nonce, ciphertext: sealed.dropLast(Self.tagByteCount), tag: sealed.suffix(Self.tagByteCount))
        else { return nil }
        return try? ChaChaPoly.open(box, using: key, authenticating: label.bytes + sender)
    }

    private func nonce(_ label: ObjectLabel) throws -> ChaChaPoly.Nonce {
        try ChaChaPoly.Nonce(data: [0, 0, 0, 0] + withUnsafeBytes(of: UInt64(label.index).bigEndian, Array.init))
    }
}
