import Foundation
import Testing
import TesseraCluster
import TesseraCore
import TesseraSecurity
import TesseraTestSupport
import TransportTCP

/// Members of clusters that the tests make, who meet over TLS.
@Suite struct CertificateTests {
    private let folder: TemporaryFolder
    private let authority: ClusterAuthority

    init() throws {
        folder = try TemporaryFolder()
        authority = try ClusterAuthority.create(in: folder.file("cluster"), cluster: "home", member: "laptop")
    }

    private static func start(
        _ name: String, _ certificates: String?, listen: String? = nil, peers: [String] = []
    ) async throws -> TCPTransport {
        try await TCPTransport.start(
            TransportOptions(
                information: PeerInformation(peer: PeerID(name)), listen: listen, peers: peers,
                certificates: certificates),
            settings: .patient)
    }

    /// What connecting to a peer that listens says.
    private func refusal(
        of dialer: (name: String, certificates: String?), by listener: (name: String, certificates: String?)
    ) async throws -> String {
        let other = try await Self.start(listener.name, listener.certificates, listen: "127.0.0.1:0")
        let address = try #require(other.listenAddress)
        let error = await #expect(throws: TesseraError.self) {
            let own = try await Self.start(dialer.name, dialer.certificates, peers: [address])
            // TLS 1.3 lets the dialer finish before the other end has judged its certificate.
            await own.close()
        }
        #expect(other.peers.isEmpty)
        await other.close()
        let text = try #require(error).description
        #expect(text.contains(address), "\(text)")
        return text
    }

    @Test(arguments: TransportConformance.Check.allCases)
    func conforms(_ check: TransportConformance.Check) async throws {
        try await TransportConformance { [authority] count in
            var peers: [TCPTransport] = []
            for index in 0..<count {
                let member = try authority.add("p\(index)")
                peers.append(
                    try await Self.start(
                        "p\(index)", member.path, listen: "127.0.0.1:0", peers: peers.compactMap(\.listenAddress)))
            }
            while peers.contains(where: { $0.peers.count < count - 1 }) { try await Task.sleep(for: .milliseconds(2)) }
            let started = peers
            return TransportConformance.Network(peers: started) { await started[$0].abort() }
        }.run(check)
    }

    @Test("with certificates a node may listen on all addresses, and those that lead take part of their member's name")
    func offLoopback() async throws {
        let attic = try authority.add("attic")
        let node = try await Self.start("attic", attic.path, listen: "0.0.0.0:0")
        let port = try #require(node.listenAddress?.split(separator: ":").last)
        let leader = try await Self.start("laptop/1f", folder.file("cluster"), peers: ["127.0.0.1:\(port)"])
        #expect(leader.peers.map(\.peer) == ["attic"])
        await leader.close()
        await node.close()
    }

    @Test("a member of another cluster is refused, whoever dials")
    func strangers() async throws {
        let other = try ClusterAuthority.create(in: folder.file("other"), cluster: "home", member: "laptop")
        let (own, foreign) = (try authority.add("attic").path, try other.add("attic").path)
        let laptop = folder.file("cluster")
        let text = try await refusal(of: ("laptop", laptop), by: ("attic", foreign))
        #expect(text.contains("was issued by another cluster, 'home'"), "\(text)")
        let answer = try await refusal(of: ("laptop", folder.file("other")), by: ("attic", own))
        // Either end may be the first to say so; none tells where a library's sources were built.
        #expect(answer.contains("another cluster"), "\(answer)")
        for text in [text, answer] { #expect(!text.contains("SSL") && !text.contains("/"), "\(text)") }
    }

    @Test("a peer cannot call itself what its certificate does not")
    func names() async throws {
        let attic = try authority.add("attic").path
        for name in ["kitchen", "attic2", "att", "kitchen/attic"] {
            let error = await #expect(throws: TesseraError.self) { try await Self.start(name, attic) }
            #expect(error?.description.contains("'attic'") == true && error?.description.contains("'\(name)'") == true)
        }
        #expect(ClusterMember.mayCallItself("attic/7", holding: "attic"))
        #expect(!ClusterMember.mayCallItself("attic7", holding: "attic"))
    }

    @Test("a peer with certificates and one without tell each other apart")
    func plainAndEncrypted() async throws {
        let attic = try authority.add("attic").path
        let plain = try await refusal(of: ("laptop", nil), by: ("attic", attic))
        #expect(plain.contains("TLS"), "\(plain)")
        let encrypted = try await refusal(of: ("attic", attic), by: ("laptop", nil))
        #expect(encrypted.contains("TLS") || encrypted.contains("no Tessera peer"), "\(encrypted)")
    }

    @Test("a certificate that has expired is refused where it is, and by others")
    func expired() async throws {
        let old = try authority.add("old", until: Date() - 5).path
        let error = await #expect(throws: TesseraError.self) { try await Self.start("old", old) }
        #expect(error?.description.contains("expired on") == true, "\(String(describing: error))")

        // Certificates have whole seconds, and making one takes a moment.
        let member = try authority.add("brief", until: Date() + 5)
        let expiry = try member.member().expiry
        let node = try await Self.start("brief", member.path, listen: "127.0.0.1:0")
        let own = try await Self.start("laptop", folder.file("cluster"), listen: "127.0.0.1:0")
        let (there, here) = (try #require(node.listenAddress), try #require(own.listenAddress))
        while Date() < expiry + 1.1 { try await Task.sleep(for: .milliseconds(50)) }
        let refusal = await #expect(throws: TesseraError.self) { try await own.connect(to: there) }
        let text = try #require(refusal).description
        #expect(text.contains("the certificate of 'brief' expired on \(expiry.ISO8601Format())"), "\(text)")
        #expect(!text.contains("SSL"), "\(text)")
        // Its holder is refused when it dials, too, and is told why.
        let answer = await #expect(throws: TesseraError.self) { try await node.connect(to: here) }
        let told = try #require(answer).description
        #expect(told.contains("says that it expired"), "\(told)")
        #expect(own.peers.isEmpty && node.peers.isEmpty)
        #expect(node.metrics.contains { $0.name == "tessera_certificate_expiry_timestamp_seconds" })
        for transport in [node, own] { await transport.close() }
    }

    @Test("what a stranger's certificate says is not repeated, unless it could be a cluster's name")
    func strangersWords() throws {
        let member = try CertificateFolder(folder.file("cluster")).member()
        let stranger = try ClusterAuthority.create(in: folder.file("other"), cluster: "next-door", member: "x").add("y")
        var bytes = try TestFiles.pem(stranger.certificate)
        let words = "the other end's certificate was issued by another cluster"
        #expect(member.problem(withCertificate: bytes) == words + ", 'next-door'")
        // The same with another issuer of as many bytes, which nobody signed.
        let place = try #require(bytes.firstRange(of: Array("next-door".utf8)))
        bytes.replaceSubrange(place, with: Array("a\nb\u{1B}[2Jcd".utf8))
        #expect(member.problem(withCertificate: bytes) == words)
    }

    @Test("a certificate that ends within 30 days is told of, by hand-made dates")
    func notice() throws {
        let member = try authority.add("attic", days: 100).member()
        func notice(_ days: Double) -> String? { member.expiryNotice(at: member.expiry - days * 86_400) }
        #expect(notice(31) == nil)
        let date = member.expiry.ISO8601Format()
        #expect(notice(29.5) == "the certificate of 'attic' ends in 29 days, on \(date)")
        #expect(notice(1.5) == "the certificate of 'attic' ends in 1 day, on \(date)")
        #expect(notice(-1) == "the certificate of 'attic' expired on \(date)")
    }

    @Test("files that are missing, are something else or do not belong together are named")
    func files() throws {
        func message(_ change: (CertificateFolder) throws -> Void) throws -> String {
            let name = "m\(UUID().uuidString.prefix(8))"
            let member = try authority.add(name)
            try change(member)
            let error = #expect(throws: TesseraError.self) { try member.member() }
            return try #require(error).description
        }
        #expect(try message { try FileManager.default.removeItem(atPath: $0.key) }.contains("node.key"))
        #expect(
            try message { try Data("hello".utf8).write(to: URL(fileURLWithPath: $0.certificate)) }.contains("(PEM)"))
        #expect(try message { try Data().write(to: URL(fileURLWithPath: $0.authority)) }.contains("ca.pem"))
        // Whatever is wrong with a key, no message has any of it.
        var lines: [Substring] = []
        let cut = try message { member in
            let key = try String(contentsOfFile: member.key, encoding: .utf8)
            lines = key.split(separator: "\n")
            try Data(lines.dropLast().joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: member.key))
        }
        #expect(cut.contains("expected a private key (PEM)") && cut.contains("node.key"), "\(cut)")
        #expect(lines.count > 2)
        for line in lines.dropFirst().dropLast() { #expect(!cut.contains(line.prefix(8))) }
        let other = try authority.add("other")
        let mixed = try message { member in
            try FileManager.default.removeItem(atPath: member.key)
            try FileManager.default.copyItem(atPath: other.key, toPath: member.key)
        }
        #expect(mixed.contains("is not the key of"), "\(mixed)")
        let stranger = try ClusterAuthority.create(in: folder.file("b"), cluster: "b", member: "b").add("s")
        let foreign = try message { member in
            try FileManager.default.removeItem(atPath: member.authority)
            try FileManager.default.copyItem(atPath: stranger.authority, toPath: member.authority)
        }
        #expect(foreign.contains("was not issued by"), "\(foreign)")
    }

    @Test("keys are their owner's alone, and nothing that is there is written over")
    func keeping() throws {
        for key in ["cluster/ca.key", "cluster/node.key"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(key))
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.file("cluster/ca.key")))
        #expect(throws: TesseraError.self) {
            try ClusterAuthority.create(in: folder.file("cluster"), cluster: "home", member: "laptop")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("cluster/ca.key"))) == before)
        try authority.add("attic")
        let error = #expect(throws: TesseraError.self) { try authority.add("attic") }
        #expect(error?.description.contains("already") == true)
        for name in ["", "a/b", "..", "ä", String(repeating: "a", count: 65)] {
            #expect(throws: TesseraError.self, "\(name)") { try authority.add(name) }
        }
    }
}
