import Crypto
import Foundation
import TesseraCore
import X509

/// A member's folder: the cluster's certificate, its own, and its key, each in a PEM file.
public struct CertificateFolder: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    /// The certificate of the cluster's authority, which signed all others.
    public var authority: String { file("ca.pem") }
    /// The member's certificate.
    public var certificate: String { file("node.pem") }
    /// The key of that, which nobody else may read.
    public var key: String { file("node.key") }

    func file(_ name: String) -> String { URL(fileURLWithPath: path).appendingPathComponent(name).path }

    /// Reads the folder, and checks that its files belong together and that now is within the certificates' time.
    ///
    /// - Throws: `inputOutput` for a file that cannot be read, `invalidArgument` for one that is none of these or does not fit the
    ///   others, with its path.
    public func member() throws -> ClusterMember {
        let authority = try readCertificate(self.authority)
        let certificate = try readCertificate(self.certificate)
        let key = try readKey(self.key)
        guard key.publicKey == certificate.publicKey else {
            throw TesseraError(.invalidArgument, "'\(self.key)' is not the key of '\(self.certificate)'")
        }
        guard authority.publicKey.isValidSignature(certificate.signature, for: certificate) else {
            throw TesseraError(
                .invalidArgument, "'\(self.certificate)' was not issued by the cluster of '\(self.authority)'")
        }
        for (certificate, path) in [(authority, self.authority), (certificate, self.certificate)] {
            try certificate.requireValidity(path)
        }
        if let list = try Revocations(self).list, let entry = list.entry(for: certificate) {
            throw TesseraError(
                .invalidArgument, "'\(self.certificate)' was withdrawn: '\(entry.name)' was removed from the cluster")
        }
        return ClusterMember(
            name: try certificate.memberName(path: self.certificate), cluster: authority.fingerprint,
            expiry: certificate.notValidAfter, folder: self)
    }

    func readCertificate(_ path: String) throws -> Certificate {
        let text = try readText(path)
        guard let certificate = try? Certificate(pemEncoded: text) else {
            throw TesseraError(.invalidArgument, "expected a certificate (PEM) in '\(path)', found none that is whole")
        }
        return certificate
    }

    func readKey(_ path: String) throws -> Certificate.PrivateKey {
        let text = try readText(path)
        // What the reader says of what it cannot read has the key in it.
        guard let key = try? Certificate.PrivateKey(pemEncoded: text) else {
            throw TesseraError(.invalidArgument, "expected a private key (PEM) in '\(path)', found none that is whole")
        }
        return key
    }

    func readText(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TesseraError(.inputOutput, "cannot open '\(path)': \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do { return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self) } catch {
            throw TesseraError(.inputOutput, "cannot read '\(path)'", cause: error)
        }
    }
}

/// Who a certificate says one is.
public struct ClusterMember: Sendable {
    public let name: String
    /// Tells clusters apart, also those of the same name: the first half of the SHA-256 of the authority's key, in hexadecimal.
    public let cluster: String
    /// When the certificate ends.
    public let expiry: Date
    public let folder: CertificateFolder

    /// The member that a certificate in DER names, whoever signed it.
    ///
    /// - Throws: `invalidArgument` if it is no certificate or names nobody.
    public static func name(ofCertificate bytes: [UInt8]) throws -> String {
        let certificate: Certificate
        do { certificate = try Certificate(derEncoded: bytes) } catch {
            throw TesseraError(.invalidArgument, "the other end's certificate cannot be read", cause: error)
        }
        return try certificate.memberName(path: "the other end's certificate")
    }

    /// Whether the holder of a certificate for `name` may call itself `peer`: by that name, or by that and a part after a slash, as
    /// the processes of one member that lead tasks do.
    public static func mayCallItself(_ peer: String, holding name: String) -> Bool {
        peer == name || peer.hasPrefix(name + "/")
    }
}

extension Certificate {
    /// The first half of the SHA-256 of the key, in hexadecimal.
    var fingerprint: String {
        SHA256.hash(data: publicKey.subjectPublicKeyInfoBytes).prefix(16)
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The subject's common name.
    func memberName(path: String) throws -> String {
        for part in subject {
            for attribute in part where attribute.type == .RDNAttributeType.commonName {
                if let name = String(attribute.value), !name.isEmpty { return name }
            }
        }
        throw TesseraError(.invalidArgument, "'\(path)' names nobody: expected a common name in its subject")
    }

    func requireValidity(_ path: String, at now: Date = Date()) throws {
        guard now >= notValidBefore else {
            throw TesseraError(
                .invalidArgument,
                "'\(path)' is valid only from \(notValidBefore.ISO8601Format()) on; is this host's clock right?")
        }
        guard now <= notValidAfter else {
            throw TesseraError(.invalidArgument, "'\(path)' expired on \(notValidAfter.ISO8601Format())")
        }
    }
}
