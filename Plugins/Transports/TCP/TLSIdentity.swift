import NIOCore
import NIOSSL
import TesseraCore
import TesseraSecurity

/// This member's certificate, and what it takes to meet others of its cluster: TLS 1.3, in which both ends show a certificate of
/// the same authority.
///
/// Members are known by the names in their certificates, not by those of hosts: addresses may change.
struct TLSIdentity: Sendable {
    let member: ClusterMember
    /// Which certificates were withdrawn.
    let revocations: Revocations
    private let client: NIOSSLContext
    private let server: NIOSSLContext

    /// - Throws: `inputOutput` or `invalidArgument` with the path of the file that cannot be used.
    init(_ folder: CertificateFolder) throws {
        member = try folder.member()
        revocations = try Revocations(folder)
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(folder.certificate).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(file: folder.key, format: .pem))
            let authority = NIOSSLTrustRoots.certificates(try NIOSSLCertificate.fromPEMFile(folder.authority))
            /// Either side with the certificate, and the demands on the other end.
            func context(_ side: TLSConfiguration) throws -> NIOSSLContext {
                var configuration = side
                configuration.certificateChain = chain
                configuration.privateKey = key
                configuration.minimumTLSVersion = .tlsv13
                configuration.trustRoots = authority
                configuration.certificateVerification = .noHostnameVerification
                return try NIOSSLContext(configuration: configuration)
            }
            client = try context(.makeClientConfiguration())
            server = try context(.makeServerConfiguration(certificateChain: chain, privateKey: key))
        } catch {
            throw TesseraError(.invalidArgument, "the certificates in '\(folder.path)' cannot be used", cause: error)
        }
    }

    /// What encrypts a connection.
    func handler(isDialer: Bool) throws -> NIOSSLHandler {
        isDialer ? try NIOSSLClientHandler(context: client, serverHostname: nil) : NIOSSLServerHandler(context: server)
    }

    /// What went wrong, if TLS did.
    func failure(_ error: any Error, in context: ChannelHandlerContext) -> TesseraError? {
        guard error is NIOSSLError || error is BoringSSLError else { return nil }
        // A peer that closes without taking leave was lost, whatever it spoke.
        if case NIOSSLError.uncleanShutdown = error { return nil }
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()?.toDERBytes()
            let problem = certificate.flatMap { member.problem(withCertificate: $0) }
            return TesseraError(.protocolViolation, problem ?? "the other end's certificate does not hold")
        }
        let own = "this peer's certificate, of '\(member.name)' in the cluster '\(member.clusterName)'"
        let reasons = [
            ("WRONG_VERSION_NUMBER", "the other end does not speak TLS, for it has no certificates"),
            ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "the other end shows no certificate"),
            (
                "ALERT_CERTIFICATE_EXPIRED",
                "the other end refuses \(own): it says that it expired (\(member.expiry.ISO8601Format()))"
            ),
            ("ALERT_UNKNOWN_CA", "the other end refuses \(own): it is of another cluster"),
            ("ALERT", "the other end refuses \(own)"),
        ]
        if let reason = reasons.first(where: { text.contains($0.0) })?.1 {
            return TesseraError(.protocolViolation, reason)
        }
        return TesseraError(.protocolViolation, "the connection cannot be encrypted: \(Self.code(in: text))")
    }

    /// What the library calls an error, of all that it says of it, which is also where in its sources that was.
    private static func code(in text: String) -> Substring {
        guard let start = text.range(of: "OPENSSL_internal:")?.upperBound else { return text[...] }
        return text[start...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    }

    /// Whether the first bytes of the other end are those of TLS: a handshake or an alert.
    static func speaks(_ bytes: some Collection<UInt8>) -> Bool { bytes.first == 0x16 || bytes.first == 0x15 }

    /// Checks that a peer calls itself what its certificate does, and that this was not withdrawn.
    ///
    /// - Throws: `protocolViolation` with both names.
    func check(_ peer: String, in context: ChannelHandlerContext) throws {
        guard let certificate = try context.pipeline.syncOperations.nioSSL_peerCertificate() else {
            throw TesseraError(.protocolViolation, "'\(peer)' showed no certificate")
        }
        let bytes = try certificate.toDERBytes()
        try revocations.check(certificate: bytes)
        let name = try ClusterMember.name(ofCertificate: bytes)
        guard ClusterMember.mayCallItself(peer, holding: name) else {
            throw TesseraError(
                .protocolViolation, "expected a peer called '\(name)' by its certificate, found '\(peer)'")
        }
    }
}
