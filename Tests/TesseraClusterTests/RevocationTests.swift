import Foundation
import TesseraCluster
import TesseraCore
import TesseraSecurity
import TesseraTestSupport
import Testing
import TransportTCP

/// Members that were removed from a cluster.
@Suite struct RevocationTests {
    private let folder: TemporaryFolder
    private let authority: ClusterAuthority

    init() throws {
        folder = try TemporaryFolder()
        authority = try ClusterAuthority.create(in: folder.file("cluster"), cluster: "home", member: "laptop")
    }

    private var laptop: String { folder.file("cluster") }

    private static func start(
        _ name: String, _ certificates: String, listen: String? = nil, peers: [String] = []
    ) async throws -> TCPTransport {
        try await TCPTransport.start(
            TransportOptions(
                information: PeerInformation(peer: PeerID(name)), listen: listen, peers: peers,
                certificates: certificates),
            settings: .patient)
    }

    private static func wait(_ what: String, until condition: () async -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while await !condition() {
            guard ContinuousClock.now < deadline else { throw TesseraError(.limitExceeded, "\(what): not within 20 s") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test("a list that was lost beside the cluster's key comes again with all that it had, and a larger number")
    func lost() throws {
        for name in ["attic", "cellar"] {
            try authority.add(name)
            try authority.remove(name)
        }
        try authority.add("kitchen")
        try FileManager.default.removeItem(atPath: "\(laptop)/revoked")
        let list = try authority.remove("kitchen")
        #expect(list.number == 3)
        #expect(Set(list.entries.map(\.name)) == ["attic", "cellar", "kitchen"])
        // One who was removed before is withdrawn again, where nobody knows it any more.
        try FileManager.default.removeItem(atPath: "\(laptop)/revoked")
        #expect(try authority.remove("attic").number == 4)
        #expect(throws: TesseraError.self) { try authority.remove("attic") }
    }

    @Test("nothing is issued while the list is damaged")
    func damaged() throws {
        try Data("tessera-revoked 1\n".utf8).write(to: URL(fileURLWithPath: "\(laptop)/revoked"))
        #expect(throws: TesseraError.self) { try authority.add("attic") }
        #expect(!FileManager.default.fileExists(atPath: "\(laptop)/nodes/attic"))
        let issued = try String(contentsOfFile: "\(laptop)/issued", encoding: .utf8)
        #expect(!issued.contains("attic"))
    }

    @Test("a member that was removed is refused by whoever knows, whoever dials, and others are not")
    func removed() async throws {
        let (attic, cellar) = (try authority.add("attic").path, try authority.add("cellar").path)
        let node = try await Self.start("attic", attic, listen: "127.0.0.1:0")
        let list = try authority.remove("attic")
        #expect(list.number == 1 && list.entries.map(\.name) == ["attic"])

        let dialing = await #expect(throws: TesseraError.self) {
            try await Self.start("laptop", laptop, peers: [try #require(node.listenAddress)])
        }
        #expect(
            dialing?.description.contains("certificate of 'attic' was withdrawn") == true,
            "\(String(describing: dialing))")
        let own = try await Self.start("laptop", laptop, listen: "127.0.0.1:0")
        let address = try #require(own.listenAddress)
        let dialed = await #expect(throws: TesseraError.self) { try await node.connect(to: address) }
        #expect(
            dialed?.description.contains("certificate of 'attic' was withdrawn") == true,
            "\(String(describing: dialed))")
        let other = try await Self.start("cellar", cellar, peers: [address])
        #expect(other.peers.map(\.peer) == ["laptop"])
        for transport in [node, own, other] { await transport.close() }
    }

    @Test("the list goes from member to member, which end their connections to whoever was removed and keep the list")
    func handedOn() async throws {
        let folders = try ["attic", "cellar", "mouse"].map { try authority.add($0).path }
        let attic = try await Self.start("attic", folders[0], listen: "127.0.0.1:0")
        let cellar = try await Self.start(
            "cellar", folders[1], listen: "127.0.0.1:0", peers: [try #require(attic.listenAddress)])
        let mouse = try await Self.start(
            "mouse", folders[2], peers: [try #require(attic.listenAddress), try #require(cellar.listenAddress)])
        try await Self.wait("meeting") { attic.peers.count == 2 && cellar.peers.count == 2 }

        try authority.remove("mouse")
        // The laptop meets the attic alone; the cellar hears of it there.
        let laptop = try await Self.start("laptop", laptop, peers: [try #require(attic.listenAddress)])
        try await Self.wait("the attic") { !attic.peers.contains { $0.peer == "mouse" } }
        try await Self.wait("the cellar") { !cellar.peers.contains { $0.peer == "mouse" } }
        try await Self.wait("the mouse") { mouse.peers.isEmpty }
        #expect(attic.peers.contains { $0.peer == "cellar" } && cellar.peers.contains { $0.peer == "attic" })
        for member in [attic, cellar, laptop] { await member.close() }

        // It holds after they were started anew, without anybody telling.
        for (name, path) in [("attic", folders[0]), ("cellar", folders[1])] {
            let again = try await Self.start(name, path, listen: "127.0.0.1:0")
            let error = await #expect(throws: TesseraError.self) {
                try await mouse.connect(to: try #require(again.listenAddress))
            }
            #expect(error?.description.contains("was withdrawn") == true, "\(String(describing: error))")
            await again.close()
        }
        await mouse.close()
    }

    @Test("a running member notices a list that is written into its folder at the next connection")
    func whileRunning() async throws {
        let attic = try authority.add("attic").path
        let own = try await Self.start("laptop", laptop, listen: "127.0.0.1:0")
        let address = try #require(own.listenAddress)
        let first = try await Self.start("attic", attic, peers: [address])
        await first.close()
        try authority.remove("attic")
        let error = await #expect(throws: TesseraError.self) { try await Self.start("attic", attic, peers: [address]) }
        #expect(error?.description.contains("was withdrawn") == true, "\(String(describing: error))")
        await own.close()
    }

    @Test("a running member notices a list that is written into its folder while it is connected, and hands it on")
    func whileConnected() async throws {
        let (attic, cellar) = (try authority.add("attic").path, try authority.add("cellar").path)
        let own = try await Self.start("laptop", laptop, listen: "127.0.0.1:0")
        let address = try #require(own.listenAddress)
        let first = try await Self.start("attic", attic, peers: [address])
        let second = try await Self.start("cellar", cellar, peers: [address])
        try authority.remove("attic")
        try await Self.wait("the end of what was removed") {
            own.peers.map(\.peer) == ["cellar"] && first.peers.isEmpty
        }
        try await Self.wait("the cellar's list") { FileManager.default.fileExists(atPath: "\(cellar)/revoked") }
        for transport in [first, second, own] { await transport.close() }
    }

    @Test("a list that cannot be used is told of once, and used once it can be")
    func unusable() throws {
        let (attic, _) = (try authority.add("attic").path, try authority.add("cellar"))
        let text = try authority.remove("cellar").text
        let revocations = try Revocations(CertificateFolder(attic))
        let file = URL(fileURLWithPath: "\(attic)/revoked")
        try Data(text.utf8.dropLast(9)).write(to: file)
        #expect(revocations.list == nil)
        let problem = try #require(revocations.takeProblem())
        #expect(problem.message.contains("'\(file.path)' is no list of withdrawn certificates"), "\(problem)")
        #expect(revocations.list == nil && revocations.takeProblem() == nil)
        try Data(text.utf8).write(to: file)
        #expect(revocations.list?.number == 1)
        #expect(revocations.takeProblem() == nil)
    }

    @Test("whoever an earlier list withdrew stays out though a later one lacks him, and that is told")
    func restored() throws {
        let members = try ["attic", "cellar", "mouse", "hall"].map { try authority.add($0) }
        try FileManager.default.copyItem(atPath: laptop, toPath: folder.file("copy"))
        let old = try ClusterAuthority(path: folder.file("copy"))
        let (first, twin) = (try authority.remove("attic"), try old.remove("cellar"))
        #expect(first.number == 1 && twin.number == 1)
        let revocations = try Revocations(members[3])
        func isOut(_ member: CertificateFolder) throws -> Bool {
            let bytes = try TestFiles.pem(member.certificate)
            do { try revocations.check(certificate: bytes) } catch { return true }
            return false
        }
        #expect(try revocations.adopt(first.text, from: "laptop"))
        #expect(try !revocations.adopt(twin.text, from: "kitchen"))
        let problem = try #require(revocations.takeProblem()).message
        #expect(problem.contains("list 1 of 'kitchen' lacks 'attic'"), "\(problem)")
        #expect(try members.map(isOut) == [true, true, false, false])
        #expect(try revocations.adopt(old.remove("mouse").text, from: "kitchen"))
        let later = try #require(revocations.takeProblem()).message
        #expect(later.contains("list 2 of 'kitchen' lacks 'attic'"), "\(later)")
        #expect(try members.map(isOut) == [true, true, true, false])
    }

    @Test(
        "a certificate cannot be withdrawn, or another issued, where the list of those that were issued is lost or damaged"
    )
    func issuedLost() throws {
        let attic = try authority.add("attic")
        try Data("zzz\n".utf8).write(to: URL(fileURLWithPath: "\(laptop)/issued"))
        let damaged = #expect(throws: TesseraError.self) { try authority.add("cellar") }
        #expect(try #require(damaged).description.contains("issued:1:1: expected a serial number and a name"))
        #expect(!FileManager.default.fileExists(atPath: "\(laptop)/nodes/cellar/node.pem"))
        try FileManager.default.removeItem(atPath: "\(laptop)/issued")
        let lost = #expect(throws: TesseraError.self) { try authority.remove("attic") }
        let text = try #require(lost).description
        #expect(text.contains("issued' lists no certificates, so which ones 'attic' has is not known"), "\(text)")
        // A folder in a file's place is no raw error.
        try FileManager.default.removeItem(atPath: attic.certificate)
        try FileManager.default.createDirectory(atPath: attic.certificate, withIntermediateDirectories: false)
        let folder = #expect(throws: TesseraError.self) { try attic.member() }
        #expect(try #require(folder).description.contains("node.pem': expected a file, found a folder"))
    }

    @Test("a list that the authority did not sign, an older one and a changed one change nothing")
    func forged() throws {
        try authority.add("attic")
        try authority.add("cellar")
        let first = try authority.remove("attic").text
        let second = try authority.remove("cellar").text
        let other = try ClusterAuthority.create(in: folder.file("other"), cluster: "home", member: "laptop")
        try other.add("kitchen")
        let foreign = try other.remove("kitchen").text

        let member = try authority.add("kitchen")
        let known = try Revocations(member)
        #expect(known.list?.number == 2, "a new member has the list")
        #expect(try !known.adopt(first, from: "test"), "an older list")
        expectError(.invalidArgument, "the cluster's authority did not sign it") {
            try known.adopt(foreign, from: "test")
        }
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<300 {
            var bytes = Array(second.utf8)
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            bytes[place] ^= UInt8.random(in: 1...255, using: &generator)
            let changed = String(decoding: bytes, as: UTF8.self)
            #expect(throws: TesseraError.self, "byte \(place)") { try known.adopt(changed, from: "test") }
        }
        #expect(known.list?.text == second)
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: member.revocations))
        #expect(known.list?.text == second, "what cannot be used does not take the place of what is known")
        expectError(.invalidArgument, member.revocations) { try Revocations(member) }
    }

    @Test("a name can be given anew, with a certificate that holds")
    func addedAgain() async throws {
        let old = try authority.add("attic").path
        try authority.remove("attic")
        let new = try authority.add("attic", into: folder.file("new")).path
        let node = try await Self.start("attic", new, listen: "127.0.0.1:0")
        let leader = try await Self.start("laptop", laptop, peers: [try #require(node.listenAddress)])
        #expect(leader.peers.map(\.peer) == ["attic"])
        let error = await #expect(throws: TesseraError.self) {
            try await Self.start("attic", old, peers: [try #require(node.listenAddress)])
        }
        #expect(error?.description.contains("was withdrawn") == true, "\(String(describing: error))")
        await leader.close()
        await node.close()
        // Both may be withdrawn.
        #expect(try authority.remove("attic").entries.count == 2)
    }

    @Test("only members can be removed, once, and not the host that has the key")
    func refused() throws {
        try authority.add("attic")
        expectError(.notFound, "no member 'atic'", "attic") { try authority.remove("atic") }
        expectError(.invalidArgument, "'laptop' is this host") { try authority.remove("laptop") }
        try authority.remove("attic")
        expectError(.invalidArgument, "'attic' was removed before") { try authority.remove("attic") }
    }

    @Test("a member that was removed and knows it does not start")
    func own() throws {
        let attic = try authority.add("attic")
        let list = try authority.remove("attic")
        #expect(try Revocations(attic).adopt(list.text, from: "test"))
        expectError(.invalidArgument, "'attic' was removed from the cluster") { try attic.member() }
    }
}
