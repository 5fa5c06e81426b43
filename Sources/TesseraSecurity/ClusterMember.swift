import Foundation
import TesseraCore
import X509

/// Who a certificate says one is.
public struct ClusterMember: Sendable {
    public let name: String
    /// Tells clusters apart, also those of the same name: the first half of the SHA-256 of the authority's key, in hexadecimal.
    public let cluster: String
    /// What the cluster is called.
    public let clusterName: String
    /// When the certificate ends, or the cluster's, if that is before.
    public let expiry: Date
    public let folder: CertificateFolder
    let authority: Certificate

    /// Days before its end from which on a certificate should be replaced.
    private static let renewalDays = 30.0

    /// What to tell of a certificate that ends soon, or has ended; nil for one that lasts.
    public func expiryNotice(at now: Date = Date()) -> String? {
        let (days, date) = (expiry.timeIntervalSince(now) / 86_400, expiry.ISO8601Format())
        guard days < Self.renewalDays else { return nil }
        guard days > 0 else { return "the certificate of '\(name)' expired on \(date)" }
        let left = days < 1 ? "less than a day" : Int(days) == 1 ? "1 day" : "\(Int(days)) days"
        return "the certificate of '\(name)' ends in \(left), on \(date)"
    }

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

    /// Why another end's certificate is not let in, in words; nil for one that nothing is wrong with.
    ///
    /// - Parameter bytes: the certificate in DER, from anybody.
    public func problem(withCertificate bytes: [UInt8]) -> String? {
        guard let certificate = try? Certificate(derEncoded: bytes) else {
            return "the other end's certificate cannot be read"
        }
        guard authority.publicKey.isValidSignature(certificate.signature, for: certificate) else {
            let issuer = certificate.issuer.commonName.flatMap { ClusterAuthority.isName($0) ? ", '\($0)'" : nil } ?? ""
            return "the other end's certificate was issued by another cluster" + issuer
        }
        return authority.validityProblem("the certificate of the cluster '\(clusterName)'")
            ?? certificate.validityProblem("the certificate of '\(certificate.subject.commonName ?? "")'")
    }
}
