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
        if let entry = try withdrawal() {
            throw TesseraError(
                .invalidArgument, "'\(self.certificate)' was withdrawn: '\(entry.name)' was removed from the cluster")
        }
        return ClusterMember(
            name: try certificate.memberName(path: self.certificate), cluster: authority.fingerprint,
            clusterName: authority.subject.commonName ?? "",
            // What an authority signed is worth nothing after its own end.
            expiry: min(certificate.notValidAfter, authority.notValidAfter), folder: self, authority: authority)
    }

    /// Keys of the folder that others may read or change, which makes them worth nothing, with their modes in octal digits.
    ///
    /// A group may read what is somebody else's file: that is how systemd and Kubernetes hand a secret to the user of a service.
    public var exposedKeys: [(path: String, mode: String)] {
        [key, authorityKey].compactMap { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            let mode = status.st_mode & 0o777
            let isExposed = mode & 0o027 != 0 || (mode & 0o040 != 0 && status.st_uid == geteuid() && geteuid() != 0)
            return isExposed ? (path, String(mode, radix: 8)) : nil
        }
    }

    /// The line of the folder's list that withdrew the member's certificate; nil for one that holds.
    ///
    /// - Throws: `inputOutput` or `invalidArgument` for a list or a certificate that cannot be used.
    public func withdrawal() throws -> RevocationList.Entry? {
        try Revocations(self).list?.entry(for: readCertificate(certificate))
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
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TesseraError(.inputOutput, "cannot open '\(path)': \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TesseraError(.inputOutput, "cannot read '\(path)': expected a file, found a folder or a device")
        }
        do { return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self) } catch {
            throw TesseraError(.inputOutput, "cannot read '\(path)'", cause: error)
        }
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
        guard let name = subject.commonName else {
            throw TesseraError(.invalidArgument, "'\(path)' names nobody: expected a common name in its subject")
        }
        return name
    }

    func requireValidity(_ path: String) throws {
        if let problem = validityProblem("'\(path)'") { throw TesseraError(.invalidArgument, problem) }
    }

    /// What is wrong with the certificate's time; nil if now is within it.
    func validityProblem(_ name: String, at now: Date = Date()) -> String? {
        if now < notValidBefore {
            return "\(name) is valid only from \(notValidBefore.ISO8601Format()) on; is this host's clock right?"
        }
        return now > notValidAfter ? "\(name) expired on \(notValidAfter.ISO8601Format())" : nil
    }
}

extension DistinguishedName {
    /// The first common name that is not empty.
    var commonName: String? {
        for part in self {
            for attribute in part where attribute.type == .RDNAttributeType.commonName {
                if let name = String(attribute.value), !name.isEmpty { return name }
            }
        }
        return nil
    }
}
