import Foundation
import TesseraCore
import X509

/// The certificates that a cluster has withdrawn: text that its authority signed, and that every member can check.
///
/// ```
/// tessera-revoked 1
/// number 2
/// time 2026-11-26T10:02:11Z
/// revoked 5f02…9c attic
/// signature MEUCIQ…
/// ```
/// There is a line `revoked` with its serial number and the member's name for every certificate that is withdrawn. The signature, in
/// Base64, is ECDSA with SHA-256 over all lines before it. Each list has a larger number than the one before, and holds all that one
/// held.
public struct RevocationList: Sendable, Equatable {
    public struct Entry: Sendable, Equatable, Hashable {
        /// Hexadecimal digits.
        public let serial: String
        public let name: String
    }

    /// Larger than that of any list before.
    public let number: Int
    /// When it was made, in ISO 8601.
    public let time: String
    public let entries: [Entry]
    /// The text, as it is kept in files and sent.
    public let text: String

    private static let header = "tessera-revoked 1"
    private static let signatureKey = "signature "
    /// Bytes of the longest list: some ten thousand certificates.
    static let byteLimit = 1 << 20

    /// Makes a list and signs it.
    init(number: Int, entries: [Entry], signedBy key: Certificate.PrivateKey, at time: Date = Date()) throws {
        self.number = number
        self.time = time.ISO8601Format()
        self.entries = entries
        let lines =
            [Self.header, "number \(number)", "time \(self.time)"]
            + entries.map { "revoked \($0.serial) \($0.name)" }
        let body = lines.map { $0 + "\n" }.joined()
        let signature = try key.sign(bytes: Array(body.utf8), signatureAlgorithm: .ecdsaWithSHA256)
        text = body + Self.signatureKey + Data(signature.rawRepresentation).base64EncodedString() + "\n"
        guard text.utf8.count <= Self.byteLimit else {
            throw TesseraError(
                .limitExceeded, "the list of withdrawn certificates is too long: make a new cluster")
        }
    }

    /// Reads a list and checks its signature.
    ///
    /// - Parameters:
    ///   - source: where it comes from, for errors.
    /// - Throws: `invalidArgument` for what is no list, or was not signed by the cluster's authority.
    public init(_ text: String, authority: Certificate.PublicKey, source: String) throws {
        func wrong(_ what: String) -> TesseraError {
            TesseraError(.invalidArgument, "'\(source)' is no list of withdrawn certificates of this cluster: \(what)")
        }
        guard text.utf8.count <= Self.byteLimit else {
            throw wrong("expected at most \(Self.byteLimit) bytes, found \(text.utf8.count)")
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count >= 5, lines.removeLast().isEmpty, let last = lines.popLast(),
            last.hasPrefix(Self.signatureKey),
            let signature = Data(base64Encoded: String(last.dropFirst(Self.signatureKey.count)))
        else { throw wrong("expected a signature in its last line") }
        let body = Array(lines.map { $0 + "\n" }.joined().utf8)
        guard authority.isValidSignature(signature, for: body, signatureAlgorithm: .ecdsaWithSHA256) else {
            throw wrong("the cluster's authority did not sign it")
        }
        // From here on it is what the authority wrote.
        guard lines[0] == Self.header else { throw wrong("expected '\(Self.header)', found '\(lines[0].prefix(40))'") }
        guard let number = Self.value("number", in: lines[1]).flatMap({ Int($0) }), number > 0,
            let time = Self.value("time", in: lines[2])
        else { throw wrong("expected its number and time") }
        entries = try lines[3...].map { line in
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count == 3, parts[0] == "revoked" else {
                throw wrong("expected 'revoked SERIAL NAME', found '\(line.prefix(80))'")
            }
            return Entry(serial: parts[1], name: parts[2])
        }
        (self.number, self.time, self.text) = (number, time, text)
    }

    private static func value(_ key: String, in line: String) -> String? {
        line.hasPrefix(key + " ") ? String(line.dropFirst(key.count + 1)) : nil
    }

    /// The entry of a certificate that is withdrawn.
    func entry(for certificate: Certificate) -> Entry? {
        let serial = certificate.serialText
        return entries.first { $0.serial == serial }
    }
}

extension Certificate {
    /// The serial number in hexadecimal.
    var serialText: String {
        serialNumber.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
