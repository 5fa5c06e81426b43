import Crypto
import Foundation
import SwiftASN1
import TesseraCore
import X509

/// A cluster's certificate authority: who has its key decides who is a member.
public struct ClusterAuthority: Sendable {
    private let folder: CertificateFolder
    private let certificate: Certificate
    private let key: Certificate.PrivateKey

    private static let authorityLife: TimeInterval = 3650 * 86_400
    /// How far a member's clock may be behind.
    private static let clockTolerance: TimeInterval = 3600

    /// Days for which a member's certificate is valid unless somebody says otherwise.
    public static let memberDays = 730

    /// Makes a new cluster in `path`, and a certificate for this host as its first member, called `member`.
    ///
    /// - Throws: `invalidArgument` if there is a cluster already, or for a name that cannot be a member's; `inputOutput`.
    public static func create(in path: String, cluster: String, member: String) throws -> ClusterAuthority {
        let folder = CertificateFolder(path)
        try requireName(member)
        try requireName(cluster)
        for file in [folder.authority, folder.authorityKey] where FileManager.default.fileExists(atPath: file) {
            throw TesseraError(.invalidArgument, "there is a cluster already: '\(file)'")
        }
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let subject = try DistinguishedName {
            OrganizationName("Tessera")
            CommonName(cluster)
        }
        let certificate = try sign(
            key.publicKey, subject: subject, until: Date() + authorityLife, issuer: subject, issuerKey: key,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
            })
        try FileManager.default.makeFolder(path, permissions: 0o700)
        try write(try key.serializeAsPEM().pemString, to: folder.authorityKey, isSecret: true)
        try write(try certificate.serializeAsPEM().pemString, to: folder.authority)
        let authority = ClusterAuthority(folder: folder, certificate: certificate, key: key)
        try authority.add(member, into: path)
        return authority
    }

    /// Reads the authority in `path`.
    ///
    /// - Throws: `inputOutput` or `invalidArgument` with the file's path.
    public init(path: String) throws {
        folder = CertificateFolder(path)
        guard FileManager.default.fileExists(atPath: folder.authorityKey) else {
            throw TesseraError(
                .notFound, "'\(path)' is no cluster: it has no 'ca.key'; 'tessera cluster init' makes one")
        }
        certificate = try folder.readCertificate(folder.authority)
        key = try folder.readKey(folder.authorityKey)
        guard key.publicKey == certificate.publicKey else {
            throw TesseraError(.invalidArgument, "'\(folder.authorityKey)' is not the key of '\(folder.authority)'")
        }
        try certificate.requireValidity(folder.authority)
    }

    private init(folder: CertificateFolder, certificate: Certificate, key: Certificate.PrivateKey) {
        (self.folder, self.certificate, self.key) = (folder, certificate, key)
    }

    /// Makes a certificate and a key for a member, in a folder of its own that is to be copied to it.
    ///
    /// - Parameter path: nil for `nodes/NAME` in the cluster's folder.
    /// - Returns: the folder.
    /// - Throws: `invalidArgument` for a name that cannot be a member's, or files that are there already; `inputOutput`.
    @discardableResult
    public func add(_ name: String, days: Int = memberDays, into path: String? = nil) throws -> CertificateFolder {
        try add(name, until: Date() + TimeInterval(days) * 86_400, into: path)
    }

    @discardableResult
    package func add(_ name: String, until expiry: Date, into path: String? = nil) throws -> CertificateFolder {
        try Self.requireName(name)
        let target = CertificateFolder(path ?? folder.file("nodes/\(name)"))
        // A list that cannot be read is known before anything is issued.
        let withdrawn = try Revocations(folder).list
        _ = try issued.entries()
        try FileManager.default.makeFolder(target.path, permissions: 0o700)
        try issue(name, until: expiry, into: target)
        if target.authority != folder.authority {
            try Self.write(try certificate.serializeAsPEM().pemString, to: target.authority)
            try withdrawn?.write(to: target.revocations)
        }
        return target
    }

    private func issue(_ name: String, until expiry: Date, into target: CertificateFolder) throws {
        for file in [target.certificate, target.key] where FileManager.default.fileExists(atPath: file) {
            throw TesseraError(.invalidArgument, "there is a certificate already: '\(file)'")
        }
        let memberKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let member = try Self.sign(
            memberKey.publicKey,
            subject: DistinguishedName {
                OrganizationName("Tessera")
                CommonName(name)
            }, until: min(expiry, certificate.notValidAfter), issuer: certificate.subject, issuerKey: key,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectKeyIdentifier(hash: memberKey.publicKey)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
            })
        // First of all, so that there is no certificate that cannot be withdrawn.
        try issued.add(.init(serial: member.serialText, name: name))
        try Self.write(try memberKey.serializeAsPEM().pemString, to: target.key, isSecret: true)
        try Self.write(try member.serializeAsPEM().pemString, to: target.certificate)
    }

    private var issued: IssuedCertificates { IssuedCertificates(path: folder.file("issued")) }

    /// Withdraws all certificates of a member: writes a new list `revoked` into the cluster's folder. It has what earlier lists had,
    /// and a larger number, even if the file was lost meanwhile: what was withdrawn stands beside the cluster's key as well.
    ///
    /// - Returns: the list.
    /// - Throws: `notFound` for a member that there is not, `invalidArgument` for this host itself or one that was removed before;
    ///   `inputOutput`.
    @discardableResult
    public func remove(_ name: String) throws -> RevocationList {
        let before = try Revocations(folder).list
        let noted = try issued.withdrawals()
        let known = try issued.entries()
        let own = known.filter { $0.name == name }
        guard !known.isEmpty else {
            throw TesseraError(
                .notFound,
                "'\(issued.path)' lists no certificates, so which ones '\(name)' has is not known: put the file back from a copy of the cluster's folder"
            )
        }
        guard !own.isEmpty else {
            throw TesseraError(
                .notFound,
                "the cluster has no member '\(name)'" + suggestion(for: name, among: Set(known.map(\.name)).sorted()))
        }
        let withdrawn = before?.entries ?? []
        let new = own.filter { !withdrawn.contains($0) }
        guard !new.isEmpty else {
            throw TesseraError(.invalidArgument, "'\(name)' was removed before")
        }
        let here = try folder.readCertificate(folder.certificate).serialText
        guard !new.contains(where: { $0.serial == here }) else {
            throw TesseraError(
                .invalidArgument, "'\(name)' is this host, which has the cluster's key: it cannot be removed")
        }
        let others = noted.entries.filter { !withdrawn.contains($0) && !new.contains($0) }
        let number = max(before?.number ?? 0, noted.number) + 1
        let list = try RevocationList(number: number, entries: withdrawn + others + new, signedBy: key)
        try list.write(to: folder.revocations)
        for entry in new { try issued.note(entry, withdrawnBy: number) }
        return list
    }

    private static func sign(
        _ key: Certificate.PublicKey, subject: DistinguishedName, until expiry: Date, issuer: DistinguishedName,
        issuerKey: Certificate.PrivateKey, extensions: Certificate.Extensions
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key,
            notValidBefore: Date() - clockTolerance, notValidAfter: expiry, issuer: issuer,
            subject: subject, signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions, issuerPrivateKey: issuerKey)
    }

    /// Names are common names (at most 64 characters, RFC 5280 appendix A.1) and names of folders.
    static func isName(_ name: String) -> Bool {
        let isAllowed = name.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains(scalar))
        }
        return isAllowed && (1...64).contains(name.count) && name != "." && name != ".."
    }

    private static func requireName(_ name: String) throws {
        guard isName(name) else {
            throw TesseraError(
                .invalidArgument,
                "expected a name of 1 to 64 letters, digits, '-', '_' and '.', found '\(name)'")
        }
    }

    /// Writes a file that was not there before.
    private static func write(_ text: String, to path: String, isSecret: Bool = false) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, isSecret ? 0o600 : 0o644)
        guard descriptor >= 0 else {
            throw TesseraError(.inputOutput, "cannot write '\(path)': \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data((text + "\n").utf8))
            try file.synchronize()
        } catch {
            unlink(path)
            throw TesseraError(.inputOutput, "cannot write '\(path)'", cause: error)
        }
    }
}

extension CertificateFolder {
    /// The authority's key, where the authority is.
    var authorityKey: String { file("ca.key") }
}
